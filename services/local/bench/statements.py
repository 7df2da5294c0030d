"""How many statements an operation takes: the product answers it here, on a connection that is listened to."""

from datetime import UTC, datetime, timedelta

import asyncpg

from services.graphql.context import Context
from services.graphql.engine.asked import Asked
from services.graphql.engine.document import Documents
from services.graphql.engine.execute import answer, prepare
from services.graphql.live.rooms import Rooms
from services.graphql.schema import executable
from services.graphql.viewer import Viewer
from services.local.bench.data import EVERYTHING, Person
from services.local.bench.load import WrongAnswer
from shared import accounts
from shared.actor import Actor, ActorKind
from shared.config import Settings
from shared.db import connect


async def count(dsn: str, person: Person, query: str, **variables: object) -> int:
    """With those that open and end the transaction."""
    said: list[str] = []

    def note(logged: asyncpg.connection.LoggedQuery) -> None:
        said.append(logged.query)

    settings = Settings(database_url=dsn, redis_url="unused")
    async with connect(dsn, size=1) as db:
        async with db.pool.acquire() as conn:
            conn.add_query_logger(note)
        async with db.reading(person.account_id) as tx:
            account, found = await accounts.get(tx), await accounts.users(tx, [person.id])
        actor = Actor(ActorKind.USER, person.id, person.name, frozenset(EVERYTHING))
        until = datetime.now(UTC) + timedelta(hours=1)
        viewer = Viewer(actor, account, found[person.id], account.id, None, until)
        ctx = Context(db, settings, Rooms(db), viewer, "uk")
        documents = Documents(executable, introspection=False, suggestions=False)
        operation = prepare(documents, Asked(query, variables=variables))
        said.clear()
        answered = await answer(executable, operation, ctx)
        await ctx.close()
    if "errors" in answered.body:
        raise WrongAnswer(str(answered.body["errors"]))
    return len(said)
