"""Who is asking, and what the host CRM sets up."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Self, TypeVar, cast
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.context import Context
from services.graphql.engine.fields import batched, shows
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotAllowedNow, NotFound
from services.graphql.node import Node
from services.graphql.roots import mutation, query
from services.graphql.scalars import CurrencyCode, DateTime, date_time
from services.graphql.writing import act
from shared import accounts, ids
from shared.actor import Actor as ActorModel
from shared.actor import ActorKind, Permission
from shared.db import Transaction

Info = strawberry.Info[Context, None]
Found = TypeVar("Found")


@strawberry.type(description="A person of the account.")
@shows(accounts.User)
class User(Node):
    name: str
    email: str | None
    avatar_url: str | None
    active: bool

    @classmethod
    def of(cls, user: accounts.User) -> Self:
        return cast("Self", user)


async def users_by_id(ctx: Context, ids: Iterable[UUID | None]) -> list[User | None]:
    """In the order of the ids; None for none."""
    wanted = list(ids)
    found: Mapping[Any, Any] = await ctx.known(accounts.users, wanted)
    return list(map(found.get, wanted))


async def nows(ctx: Context, asked: Sequence[accounts.Account]) -> list[DateTime]:
    return [date_time(now) for now in await _in_each(ctx, asked, Transaction.now)]


async def usable_modules(ctx: Context, asked: Sequence[accounts.Account]) -> list[list[str]]:
    return await _in_each(ctx, asked, accounts.usable_modules)


async def _in_each(
    ctx: Context, asked: Sequence[accounts.Account], look: Callable[[Transaction], Awaitable[Found]]
) -> list[Found]:
    """A person's own account; for the host CRM, which is in none, each of those that it has just set up."""
    if ctx.viewer.account is not None:
        return [await ctx.read(look) for _ in asked]
    found = []
    for account in asked:
        async with ctx.db.reading(account.id, ctx.viewer.actor) as tx:
            found.append(await look(tx))
    return found


@strawberry.type(description="An account of the host CRM. No account sees another.")
@shows(accounts.Account)
class Account(Node):
    name: str
    time_zone: str = strawberry.field(description="A name of the IANA database: Europe/Kyiv.")
    currency: CurrencyCode
    locale: str
    country: str = strawberry.field(description="ISO 3166: UA. National phone numbers are read by it.")
    test: bool = strawberry.field(description="A test account may have its own clock, and only it.")
    now: DateTime = batched(nows, description="The account's time.")
    usable_modules: list[str] = batched(usable_modules, description="Codes of the modules that may be used today.")

    @classmethod
    def of(cls, account: accounts.Account) -> Self:
        return cast("Self", account)


@strawberry.type(description="Who is asking: a person in their account.")
class Viewer:
    user: User
    account: Account
    permissions: list[Permission]


strawberry.enum(ActorKind, description="Who did it: a person, a source of deals, an import, or the system itself.")


async def users_of_actors(ctx: Context, actors: Sequence[ActorModel]) -> list[User | None]:
    return await users_by_id(ctx, [actor.user_id for actor in actors])


@strawberry.type(description="Who did something.")
@shows(ActorModel)
class Actor:
    kind: ActorKind
    user: User | None = batched(users_of_actors)
    source_name: str | None = strawberry.field(description="The source's or the import's name, as it was then.")

    @classmethod
    def of(cls, actor: ActorModel) -> Self:
        return cast("Self", actor)


@strawberry.input(description="An account of the host CRM. A client may choose its id.")
class CreateAccountInput:
    id: strawberry.ID | None = UNSET
    name: str
    time_zone: str | None = "Europe/Kyiv"
    currency: CurrencyCode | None = CurrencyCode("UAH")
    locale: str | None = "uk"
    country: str | None = "UA"
    test: bool | None = False
    idempotency_key: str | None = UNSET


@strawberry.type(description="The account that was made.")
class CreateAccountPayload:
    account: Account


CreateAccountResult = Annotated[
    CreateAccountPayload | InvalidInput | Forbidden | IdempotencyConflict,
    strawberry.union("CreateAccountResult"),
]


@strawberry.input(description="What to change of an account: what is left out stays. Its currency never changes.")
class UpdateAccountInput:
    id: strawberry.ID
    name: str | None = UNSET
    time_zone: str | None = strawberry.field(
        default=UNSET, description="Dates stay as they are; days begin at other moments from now on."
    )
    locale: str | None = UNSET
    country: str | None = UNSET
    idempotency_key: str | None = UNSET


@strawberry.type(description="The account as it is now.")
class UpdateAccountPayload:
    account: Account


UpdateAccountResult = Annotated[
    UpdateAccountPayload | InvalidInput | NotFound | Forbidden | NotAllowedNow | IdempotencyConflict,
    strawberry.union("UpdateAccountResult"),
]


@strawberry.input(description="A person. What is given replaces what was.")
class SaveUserInput:
    id: strawberry.ID
    name: str
    email: str | None = UNSET
    avatar_url: str | None = UNSET
    active: bool | None = True


@strawberry.input(description="People of an account, to be made or changed.")
class SaveUsersInput:
    account_id: strawberry.ID
    users: list[SaveUserInput]
    idempotency_key: str | None = UNSET


@strawberry.type(description="The people as they are now.")
class SaveUsersPayload:
    users: list[User]


SaveUsersResult = Annotated[
    SaveUsersPayload | InvalidInput | NotFound | Forbidden | IdempotencyConflict,
    strawberry.union("SaveUsersResult"),
]


def keep_account(account: accounts.Account) -> dict[str, str]:
    """What the answer to a key is made of."""
    return {"account": str(account.id)}


async def account_again(tx: Transaction, kept: dict[str, Any]) -> accounts.Account:
    await tx.enter(UUID(kept["account"]))
    return await accounts.get(tx)


async def _users_again(tx: Transaction, kept: dict[str, Any]) -> list[accounts.User]:
    await tx.enter(UUID(kept["account"]))
    found = await accounts.users(tx, [UUID(id) for id in kept["users"]])
    return [found[UUID(id)] for id in kept["users"]]


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


@strawberry.type
class AccountsMutation:
    @mutation("Set an account up. Needs ACCOUNTS_MANAGE.")
    async def create_account(self, info: Info, input: CreateAccountInput) -> CreateAccountResult:
        account = await act(
            info,
            input,
            Permission.ACCOUNTS_MANAGE,
            lambda given: accounts.NewAccount.read(given, test=bool(given["test"])),
            accounts.create,
            keep=keep_account,
            again=account_again,
        )
        return CreateAccountPayload(account=Account.of(account))

    @mutation("Change an account. Needs ACCOUNTS_MANAGE.")
    async def update_account(self, info: Info, input: UpdateAccountInput) -> UpdateAccountResult:
        account = await act(
            info,
            input,
            Permission.ACCOUNTS_MANAGE,
            accounts.AccountChanges.read,
            accounts.update,
            keep=keep_account,
            again=account_again,
        )
        return UpdateAccountPayload(account=Account.of(account))

    @mutation("Make people known, or change them. Needs ACCOUNTS_MANAGE.")
    async def save_users(self, info: Info, input: SaveUsersInput) -> SaveUsersResult:
        saved = await act(
            info,
            input,
            Permission.ACCOUNTS_MANAGE,
            lambda given: (ids.read(given["account_id"]), accounts.read_users(given["users"])),
            lambda tx, read: accounts.save_users(tx, *read),
            keep=lambda users: {"account": input.account_id, "users": [str(user.id) for user in users]},
            again=_users_again,
        )
        return SaveUsersPayload(users=[User.of(user) for user in saved])
