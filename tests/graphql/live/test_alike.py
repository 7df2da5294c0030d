"""What is made of an event for all who have the same rights does not hang on which of them asks first."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from services.graphql.board_events import BoardEvent, event_of
from services.graphql.context import Context
from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Documents
from services.graphql.engine.encode import encode
from services.graphql.engine.execute import Operation, answer, prepare
from services.graphql.live.hub import kind_of
from services.graphql.live.rooms import Rooms
from services.graphql.schema import executable
from services.graphql.viewer import Viewer
from shared import accounts, deals, events, funnels, ids
from shared.actor import Permission
from shared.config import Settings
from shared.db import Database
from tests import make
from tests.graphql.filled import fill

DOCUMENTS = Documents(executable, introspection=False, suggestions=False)
GIVEN = {"from": '"2026-01-01"', "to": '"2026-12-31"'}
LANGUAGE = "uk"


def members() -> Iterator[GraphQLObjectType]:
    union, event = executable.type_map["BoardMessage"], executable.type_map["BoardEvent"]
    assert isinstance(union, GraphQLUnionType)
    return (one for one in union.types if event in one.interfaces)


def everything(type_: GraphQLNamedType, above: tuple[GraphQLNamedType, ...] = ()) -> str:
    """A selection of all that can be reached; of a type within itself, what is no further type."""
    if isinstance(type_, GraphQLUnionType):
        return " ".join(f"... on {one.name} {{ {everything(one, above)} }}" for one in type_.types)
    assert isinstance(type_, GraphQLObjectType)
    leaves = {name: field for name, field in type_.fields.items() if is_leaf_type(get_named_type(field.type))}
    fields = leaves if type_ in above else type_.fields
    return " ".join(_field(name, field, (*above, type_)) for name, field in fields.items())


def _field(name: str, field: GraphQLField, within: tuple[GraphQLNamedType, ...]) -> str:
    named = get_named_type(field.type)
    required = [f"{key}: {GIVEN[key]}" for key, argument in field.args.items() if is_required_argument(argument)]
    said = f"{name}({', '.join(required)})" if required else name
    return said if is_leaf_type(named) else f"{said} {{ {everything(named, within)} }}"


def follows(member: str) -> Operation:
    """A subscription that asks for all of one kind of message."""
    text = f'subscription {{ boardChanged(funnelId: "x") {{ ... on {member} {{ {everything(executable.type_map[member])} }} }} }}'
    return prepare(DOCUMENTS, Asked(text))


async def happened(db: Database, account: accounts.Account, person_id: UUID) -> dict[str, BoardEvent]:
    """One event of each kind, of a funnel in which there is something of everything."""
    there = await fill(db, account.id, person_id)
    funnel_id = UUID(there.funnel)
    async with db.transaction(account.id) as tx:
        tx.actor = make.actor((await accounts.users(tx, [person_id]))[person_id], *Permission)
        await deals.restore(tx, deals.Many((UUID(there.archived),)))
        await funnels.update(tx, funnels.FunnelChanges(funnel_id, name="Продаж"))
        recorded = await events.after(tx, funnel_id, 0, 500)
    return {type(event).__name__: event for event in (event_of(one, funnel_id) for one in recorded)}


@pytest.mark.parametrize("permissions", [(), (Permission.DEALS_WRITE,), tuple(Permission)], ids=len)
async def test_who_asks_first_is_not_seen_in_what_all_are_told(
    db: Database, account: accounts.Account, permissions: tuple[Permission, ...]
) -> None:
    """Not whether they may still see the board, nor what their account was when they came."""
    person_id, tomorrow = ids.new(), datetime.now(UTC) + timedelta(days=1)
    told_of = await happened(db, account, person_id)
    assert set(told_of) == {member.name for member in members()}
    async with db.transaction(account.id) as tx:
        person, stranger = (await accounts.users(tx, [person_id]))[person_id], await make.user(tx, "Чужий")
    abroad = replace(account, time_zone="America/New_York", currency="USD", country="US")

    def context(user: accounts.User, of: accounts.Account) -> Context:
        given = Settings(database_url="unused", redis_url="unused", voronka_env="test")
        viewer = Viewer(make.actor(user, *permissions), of, user, of.id, None, tomorrow)
        return Context(db, given, Rooms(db), viewer, LANGUAGE)

    for member, event in told_of.items():
        operation, made = follows(member), []
        for user, of in ((person, account), (stranger, abroad)):
            ctx = context(user, of)
            answered = await answer(executable, operation, ctx, event)
            await ctx.close()
            assert "errors" not in answered.body
            made.append((kind_of(operation, ctx.viewer, LANGUAGE), encode(answered.body)))
        assert made[0] == made[1]
