"""Who is asking: people, and the account that they are in."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Self, TypeVar
from uuid import UUID

import strawberry

from services.graphql.context import Context
from services.graphql.engine.fields import batched
from services.graphql.node import Node
from services.graphql.rights import Permission
from services.graphql.roots import query
from services.graphql.scalars import CurrencyCode, DateTime, date_time, node_id
from services.graphql.words import describe_enum
from shared import accounts
from shared.actor import Actor as ActorModel
from shared.actor import ActorKind
from shared.db import Transaction

Info = strawberry.Info[Context, None]
Found = TypeVar("Found")


@strawberry.type(description="A person of the account.")
class User(Node):
    name: str = strawberry.field(description="What they are called.")
    email: str | None
    avatar_url: str | None = strawberry.field(description="Where a picture of the person is; null: there is none.")
    active: bool = strawberry.field(description="Whether they may sign in and be given work.")

    @classmethod
    def of(cls, user: accounts.User) -> Self:
        return cls(
            id=node_id(user.id), name=user.name, email=user.email, avatar_url=user.avatar_url, active=user.active
        )


async def users_by_id(ctx: Context, ids: Iterable[UUID | None]) -> list[User | None]:
    """In the order of the ids; None for none."""
    wanted = list(ids)
    known = {id for id in wanted if id is not None}
    found = await ctx.read(lambda tx: accounts.users(tx, known)) if known else {}
    return [User.of(found[id]) if id in found else None for id in wanted]


async def nows(ctx: Context, asked: Sequence["Account"]) -> list[DateTime]:
    return [date_time(now) for now in await _in_each(ctx, asked, Transaction.now)]


async def usable_modules(ctx: Context, asked: Sequence["Account"]) -> list[list[str]]:
    return await _in_each(ctx, asked, accounts.usable_modules)


async def _in_each(
    ctx: Context, asked: Sequence["Account"], look: Callable[[Transaction], Awaitable[Found]]
) -> list[Found]:
    """A person's own account; for the host CRM, which is in none, each of those that it has just set up."""
    if ctx.viewer.account is not None:
        return [await ctx.read(look) for _ in asked]
    found = []
    for account in asked:
        async with ctx.db.reading(UUID(account.id), ctx.viewer.actor) as tx:
            found.append(await look(tx))
    return found


@strawberry.type(description="An account of the host CRM. No account sees another.")
class Account(Node):
    name: str
    time_zone: str = strawberry.field(description="A name of the IANA database: Europe/Kyiv.")
    currency: CurrencyCode = strawberry.field(
        description="Of prices and of amounts without another one: ISO 4217. It never changes."
    )
    locale: str = strawberry.field(
        description='A language tag, such as "uk" or "en-GB"; messages are in Ukrainian or English.'
    )
    country: str = strawberry.field(description="ISO 3166: UA. National phone numbers are read by it.")
    test: bool = strawberry.field(description="A test account may have its own clock, and only it.")
    now: DateTime = batched(nows, description="The account's time.")
    usable_modules: list[str] = batched(usable_modules, description="Codes of the modules that may be used today.")

    @classmethod
    def of(cls, account: accounts.Account) -> Self:
        return cls(
            id=node_id(account.id),
            name=account.name,
            time_zone=account.time_zone,
            currency=CurrencyCode(account.currency),
            locale=account.locale,
            country=account.country,
            test=account.test,
        )


@strawberry.type(description="Who is asking: a person in their account.")
class Viewer:
    user: User = strawberry.field(description="The person.")
    account: Account
    permissions: list[Permission] = strawberry.field(description="What they may do, as their token says.")


describe_enum(
    ActorKind,
    "Who did it: a person, a source of deals, an import, or the system itself.",
    USER="A person, as their token says.",
    SOURCE="A source of deals: a form, a telephone exchange.",
    IMPORT="A file of deals.",
    SYSTEM="The product by itself, when something fell due.",
)


async def users_of_actors(ctx: Context, actors: Sequence["Actor"]) -> list[User | None]:
    return await users_by_id(ctx, [actor.user_id for actor in actors])


@strawberry.type(description="Who did something.")
class Actor:
    kind: ActorKind = strawberry.field(description="What sort of author it is.")
    user: User | None = batched(users_of_actors, description="The person; null: no person did it.")
    source_name: str | None = strawberry.field(description="The source's or the import's name, as it was then.")

    user_id: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, actor: ActorModel) -> Self:
        named = actor.kind in (ActorKind.SOURCE, ActorKind.IMPORT)
        return cls(kind=actor.kind, source_name=actor.name if named else None, user_id=actor.user_id)


@strawberry.type
class AccountsQuery:
    @query("Who is asking; null for the host CRM's own token.")
    async def viewer(self, info: Info) -> Viewer | None:
        viewer = info.context.viewer
        if viewer.user is None or viewer.account is None:
            return None
        return Viewer(
            user=User.of(viewer.user), account=Account.of(viewer.account), permissions=sorted(viewer.permissions)
        )
