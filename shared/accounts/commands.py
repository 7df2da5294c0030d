"""What the host CRM sets up, who is known, and whether a module may be used."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from shared import jobs, schedule
from shared.accounts import sql, sql_clock, sql_people
from shared.accounts.model import Account, AccountChanges, NewAccount, NewUser, People, User, words
from shared.db import Transaction
from shared.errors import InvalidInput, ModuleInactive, NotAllowedNow, NotFound, Problem, Sentence
from shared.hints import AccountChanged, UserChanged
from shared.nodes import TAKEN

NO_USER = Sentence("There is no active user with this id.", "Активного користувача з таким ідентифікатором немає.")
RENEWING = Sentence("the account is being renewed: try again soon.", "акаунт саме поновлюється: спробуйте за мить.")
RESUME_WAITING = "ingest.resume"  # what waits for a module is taken up again when one opens


async def create(tx: Transaction, new: NewAccount) -> Account:
    """A new account; the transaction goes on inside it. Raises InvalidInput when the id is taken."""
    await tx.enter(new.id)
    if not await sql.insert_account(tx, new):
        raise InvalidInput(Problem(("id",), TAKEN))
    await sql.insert_counters(tx)
    if new.test:
        await sql_clock.insert_clock(tx)
    return await get(tx)


async def get(tx: Transaction) -> Account:
    """The transaction's account. Raises NotFound when there is none."""
    account = await sql.select_account(tx)
    if account is None:
        assert tx.account_id is not None
        raise NotFound(tx.account_id)
    return account


async def update(tx: Transaction, changes: AccountChanges) -> Account:
    """Change what the CRM says of an account; the transaction goes on inside it.

    What is due on a day stays due on that day, also in another zone, where the day begins at another moment. Raises
    NotAllowedNow with the reason RENEWING while something of a day that has come is still to be done.
    """
    await tx.enter(changes.id)
    await sql.lock_account(tx)
    before = await get(tx)
    await sql.update_account(tx, changes)
    after = await get(tx)
    if after.time_zone != before.time_zone:
        await sql_clock.lock_clock(tx)
        if await schedule.is_behind(tx):
            raise NotAllowedNow("RENEWING", RENEWING)
        await schedule.follow_zone(tx, after.time_zone)
    tx.after_commit(AccountChanged(after.id))
    return after


async def save_users(tx: Transaction, account_id: UUID, users: Sequence[NewUser]) -> list[User]:
    """Make the users, or change them to what is given; the transaction goes on inside their account."""
    await tx.enter(account_id)
    await get(tx)
    await sql.upsert_users(tx, users)
    for user in users:
        tx.after_commit(UserChanged(account_id, user.id))
    saved = {user.id: user for user in await sql.select_users(tx, [user.id for user in users])}
    return [saved[user.id] for user in users]


async def knows(tx: Transaction, user_id: UUID, name: str | None) -> User | None:
    """The user of a token, kept fresh from it: one who is new is made known, one who is renamed is renamed."""
    kept = await users(tx, [user_id])
    if user_id in kept and name in (None, kept[user_id].name):
        return kept[user_id]
    if name is None:
        return None
    return await sql.upsert_user_name(tx, user_id, name)


async def users(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, User]:
    return {user.id: user for user in await sql.select_users(tx, list(ids))}


async def people(tx: Transaction, search: str | None, first: int, after: tuple[str, UUID] | None) -> People:
    """People by name, in Ukrainian order. `search`: words, or parts of them, of names and addresses."""
    found = await sql_people.select_page(tx, words(search), after, first + 1)
    page = found[:first]
    return People([user for _, user in page], [(key, user.id) for key, user in page], has_more=len(found) > first)


async def count_people(tx: Transaction, search: str | None) -> int:
    return await sql_people.count(tx, words(search))


async def named(tx: Transaction, said: Iterable[str]) -> list[User]:
    """Active users who have one of the texts for their name or address, in whatever case it is written."""
    return await sql_people.select_named(tx, [one.casefold() for one in said])


async def require_users(tx: Transaction, named: Mapping[tuple[str, ...], UUID]) -> None:
    """Raises InvalidInput at the path of each id that names no active user of the account."""
    if not named:
        return
    kept = await users(tx, named.values())
    problems = [Problem(path, NO_USER) for path, id in named.items() if id not in kept or not kept[id].active]
    if problems:
        raise InvalidInput(*problems)


async def usable_modules(tx: Transaction) -> list[str]:
    """Codes of the modules that may be used today, in the account's time zone."""
    return await sql.select_usable_modules(tx, (await get(tx)).time_zone)


async def require_module(tx: Transaction, code: str) -> None:
    """Raises ModuleInactive unless the module may be used today, in the account's time zone."""
    if not await sql.select_module_is_usable(tx, code):
        raise ModuleInactive(code)


async def open_modules(tx: Transaction, until: Mapping[str, date], *, opens: bool | None = None) -> None:
    """Modules may be used up to a day, not included. What waited for them is taken up.

    `opens`: whether one of them may be used today that could not be before; whoever knows saves us to ask.
    """
    if opens is None:
        opens = await sql.select_opens(tx, until)
    await sql.upsert_modules(tx, until)
    if opens:
        await jobs.add(tx, RESUME_WAITING)
