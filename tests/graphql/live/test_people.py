"""Whoever is made inactive has no socket any more, in no process."""

from pathlib import Path

from services.graphql.live import protocol
from services.graphql.live.people import People
from shared import accounts
from shared.actor import Permission
from shared.db import Database
from tests import client
from tests.forks import another
from tests.graphql.live.boards import Board
from tests.graphql.live.house import Served
from tests.sockets import connected, signed_in

FORBIDDEN = (protocol.FORBIDDEN, "Forbidden")
SAVE = """mutation ($account: ID!, $user: ID!, $active: Boolean!) {
  saveUsers(input: {accountId: $account, users: [{id: $user, name: "Богдан", active: $active}]}) { __typename }
}"""


async def save(db: Database, board: Board, user: accounts.User, *, active: bool) -> None:
    async with db.transaction(None) as tx:
        new = accounts.NewUser(user.id, user.name, None, None, active)
        await accounts.save_users(tx, board.account.id, [new])


async def test_whoever_is_made_inactive_is_ended_and_nobody_else(live: Served, board: Board) -> None:
    async with (
        signed_in(live.address, live.token(board.account.id, board.viewer.id)) as one,
        signed_in(live.address, live.token(board.account.id, board.viewer.id)) as another,
        signed_in(live.address, live.token(board.account.id, board.manager.id, *Permission)) as other,
        signed_in(live.address, None) as nobody,
    ):
        watching = await other.watch(board.funnel.id)
        await watching.next()
        await (await one.watch(board.funnel.id)).next()
        await save(live.db, board, board.viewer, active=True)  # a change that changes nothing for them
        assert await another.answer("1", "{ __typename }") == {"__typename": "Query"}
        await save(live.db, board, board.viewer, active=False)

        assert await one.closed() == FORBIDDEN
        assert await another.closed() == FORBIDDEN
        await board.move(live.db)
        assert (await watching.next())["seq"] == 2
        assert await nobody.answer("1", "{ __typename }") == {"__typename": "Query"}


async def test_whoever_is_inactive_is_not_let_in_until_active_again(live: Served, board: Board) -> None:
    token = live.token(board.account.id, board.viewer.id)
    async with signed_in(live.address, token) as before:
        await save(live.db, board, board.viewer, active=False)
        assert await before.closed() == FORBIDDEN
    async with connected(live.address) as socket:
        await socket.send({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
        assert await socket.closed() == FORBIDDEN
    await save(live.db, board, board.viewer, active=True)
    async with signed_in(live.address, token) as socket:
        assert (await (await socket.watch(board.funnel.id)).next())["__typename"] == "BoardReady"


async def test_a_look_ends_those_of_whom_no_hint_told(live: Served, board: Board, db: Database) -> None:
    people = People(live.house)
    async with (
        signed_in(live.address, live.token(board.account.id, board.viewer.id)) as gone,
        signed_in(live.address, live.token(board.account.id, board.manager.id)) as stays,
    ):
        await save(db, board, board.viewer, active=False)  # by a process whose hint got lost
        await people.look()

        assert await gone.closed() == FORBIDDEN
        assert await stays.answer("1", "{ __typename }") == {"__typename": "Query"}


async def test_another_process_ends_them_too(api: client.Api, tmp_path: Path, board: Board) -> None:
    async with another(api, tmp_path) as other:
        token = other.person(board.account.id, user_id=board.viewer.id, name="Богдан")
        async with signed_in(f"127.0.0.1:{other.port}", token) as socket:
            await (await socket.watch(board.funnel.id)).next()
            variables = {"account": str(board.account.id), "user": str(board.viewer.id), "active": False}
            saved = await api.graphql(SAVE, variables, api.service())
            assert saved.data["saveUsers"]["__typename"] == "SaveUsersPayload"

            assert await socket.closed() == FORBIDDEN
