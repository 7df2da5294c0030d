"""What the host CRM sets up: inputs, answers, mutations."""

from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from services.graphql.accounts import Account, Info, User
from services.graphql.errors import Forbidden, IdempotencyConflict, InvalidInput, NotAllowedNow, NotFound
from services.graphql.roots import mutation
from services.graphql.scalars import CurrencyCode
from services.graphql.words import NEW_ID
from services.graphql.writing import act
from shared import accounts, ids
from shared.actor import Permission
from shared.db import Transaction

LOCALE = 'A language tag, such as "uk" or "en-GB"; messages are in Ukrainian or English.'


@strawberry.input(description="An account of the host CRM. A client may choose its id.")
class CreateAccountInput:
    id: strawberry.ID | None = strawberry.field(default=UNSET, description=NEW_ID)
    name: str
    time_zone: str | None = strawberry.field(
        default="Europe/Kyiv", description="A name of the IANA database, by which the account's days begin and end."
    )
    currency: CurrencyCode | None = strawberry.field(
        default=CurrencyCode("UAH"), description="ISO 4217. It can never be changed."
    )
    locale: str | None = strawberry.field(default="uk", description=LOCALE)
    country: str | None = strawberry.field(default="UA", description="ISO 3166: national phone numbers are read by it.")
    test: bool | None = strawberry.field(
        default=False, description="Whether it is a test account, which may have its own clock."
    )
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
    locale: str | None = strawberry.field(default=UNSET, description=LOCALE)
    country: str | None = strawberry.field(
        default=UNSET, description="ISO 3166: national phone numbers are read by it from now on."
    )
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
    id: strawberry.ID = strawberry.field(description="A UUID; a user who is not there is made.")
    name: str
    email: str | None = UNSET
    avatar_url: str | None = strawberry.field(
        default=UNSET, description="Where a picture of the person is; null: nowhere."
    )
    active: bool | None = strawberry.field(
        default=True, description="false: they may not sign in and are given no work."
    )


@strawberry.input(description="People of an account, to be made or changed.")
class SaveUsersInput:
    account_id: strawberry.ID
    users: list[SaveUserInput] = strawberry.field(description="At most 500, each once.")
    idempotency_key: str | None = UNSET


@strawberry.type(description="The people as they are now.")
class SaveUsersPayload:
    users: list[User] = strawberry.field(description="In the order of the input.")


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
