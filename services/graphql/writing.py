"""How a mutation acts: read the input, open a transaction, claim the idempotency key, call the command, commit.

The order of refusals is the contract's: not signed in, the right, all problems of form at once, the key, then what
the command refuses.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

import strawberry
from strawberry import UNSET

from services.graphql.context import Context
from shared import idempotency
from shared.actor import Permission
from shared.db import Transaction
from shared.errors import InvalidInput
from shared.forms import Form

Command = TypeVar("Command")
Done = TypeVar("Done")
Given = Mapping[str, Any]
KEY = "idempotency_key"


async def act(
    info: strawberry.Info[Context, None],
    input: object,
    needs: Permission,
    read: Callable[[Given], Command],
    do: Callable[[Transaction, Command], Awaitable[Done]],
    *,
    keep: Callable[[Done], dict[str, Any]],
    again: Callable[[Transaction, dict[str, Any]], Awaitable[Done]],
) -> Done:
    """Do it once. `read`: the command in an input; `keep`: what the answer to a key is made of; `again`: that answer."""
    ctx = info.context
    viewer = ctx.require(needs)
    given = given_of(input)
    key = given.pop(KEY, None)
    command = _read(given, key, read)
    await ctx.close()  # the payload is read from after the commit, also by the second mutation of a document
    async with ctx.db.transaction(viewer.owner_id, viewer.actor) as tx:
        if key is None:
            return await do(tx, command)
        hashed = idempotency.hash_of(given)
        kept = await idempotency.claim(tx, viewer.owner_id, info.field_name, key, hashed)
        if kept is not None:
            return await again(tx, kept)
        done = await do(tx, command)
        if tx.account_id != viewer.owner_id:  # the host CRM's commands go on in the account that they set up
            await tx.enter(viewer.owner_id)
        await idempotency.keep(tx, viewer.owner_id, info.field_name, key, keep(done))
        return done


def given_of(input: object) -> dict[str, Any]:
    """What the client wrote, by our names; what was left out is not in it."""
    return {name: _plain(value) for name, value in vars(input).items() if value is not UNSET}


def _plain(value: object) -> Any:
    """What is JSON already is left as it is, however deep it goes."""
    if isinstance(value, list):
        return [given_of(one) if _is_input(one) else one for one in value]
    return given_of(value) if _is_input(value) else value


def _is_input(value: object) -> bool:
    return hasattr(value, "__strawberry_definition__") and not isinstance(value, Enum)


def _read(given: Given, key: str | None, read: Callable[[Given], Command]) -> Command:
    """Raises InvalidInput with all problems of form, the key's among them."""
    form = Form()
    if key is not None:
        form.text(("idempotencyKey",), key)
    try:
        command = read(given)
    except InvalidInput as refused:
        raise InvalidInput(*refused.problems, *form.problems) from None
    form.check()
    return command
