"""Wherever an id goes in, one of another account, or of a funnel that one may not see, is the id of nothing."""

import base64
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from shared import ids
from shared.actor import Permission
from shared.db import Database
from tests.client import Api
from tests.graphql.good import VARIABLES, Good, given
from tests.graphql.state import Books
from tests.graphql.surface import Document, Path, arguments_with, document, fields_of, paths, put
from tests.graphql.talking import Talker, refusal, somebody, without

ROOTS = ("Query", "Mutation", "Subscription")
TRANSPORTS = ("HTTP", "a socket")
RIGHTS_BUT_TO_SEE_ALL = (Permission.DEALS_WRITE, Permission.SOURCES_MANAGE, Permission.BILLING_MANAGE)
NOBODY = str(ids.new())  # an id of nothing
OF_FUNNELS = ("Funnel", "Stage", "LossReason", "Deal", "Note", "Task", "Import")
ID_IN_TEXT = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Where a client chooses the id of what it makes: any will do that its own account has not.
NEW = {
    "createFunnel(id)",
    "createFunnel(entry.id)",
    "createFunnel(stages.0.id)",
    "createStage(stage.id)",
    "saveLossReason(id)",
    "createDeal(id)",
}
# Lists of what is everybody's in an account.
OF_THE_ACCOUNT = {
    "Query.users(after)",
    "Query.inbox(after)",
    "Billing.invoices(after)",
    "Billing.balanceEntries(after)",
}
# What else has to be said for an id to be looked at.
BESIDE: Good = {
    "moveDeal(lossReasonId)": lambda it: {"toStageId": it.lost},
    "pay(invoiceId)": lambda it: {"quoteId": None},
    "pay(paymentMethodId)": lambda it: {"provider": None},
}


@dataclass(frozen=True)
class Hole:
    """A place of a document's variables into which an id goes."""

    document: Document
    variable: str
    path: Path

    def __str__(self) -> str:
        inside = ".".join(self.path if self.variable == "input" else (self.variable, *self.path))
        return f"{self.document.name}({inside})"

    def filled(self, talker: Talker, id: str) -> dict[str, Any]:
        """What may be asked, but for this id."""
        variables = given(self.document.name, talker.it)
        if str(self) in BESIDE:
            variables["input"] |= BESIDE[str(self)](talker.it)
        kind = self.document.variables[self.variable]
        return variables | {self.variable: put(variables.get(self.variable), kind, self.path, id)}


def holes() -> Iterator[Hole]:
    for root in ROOTS:
        for name in fields_of(root):
            for variable, kind in document(root, name).variables.items():
                flat = document(root, name, depth=1)  # enough to tell answers apart, unless it is further down
                asked = flat if variable in flat.variables else document(root, name)
                yield from (Hole(asked, variable, path) for path in paths(kind, "ID"))


ALL = {str(hole): hole for hole in holes()}
ACTS = [name for name, hole in ALL.items() if hole.document.root == "Mutation"]
READS = [name for name in ALL if name not in ACTS]


def transports(hole: Hole) -> Sequence[str]:
    return TRANSPORTS[1:] if hole.document.root == "Subscription" else TRANSPORTS


LOOKS = [(name, transport) for name in READS for transport in transports(ALL[name])]


@pytest.fixture(scope="module")
async def books(dsn: str) -> AsyncIterator[Books]:
    async with Books.open(dsn) as books:
        yield books


@pytest.fixture(scope="module")
async def they(api: Api, db: Database) -> Talker:
    """Whose things are not to be seen. They see their own funnels themselves, and no others."""
    return await somebody(api, db, permissions=RIGHTS_BUT_TO_SEE_ALL)


@pytest.fixture(scope="module")
async def stranger(api: Api, db: Database) -> Talker:
    """Somebody of another account, who may do everything there."""
    return await somebody(api, db)


@pytest.fixture(scope="module")
async def outsider(api: Api, db: Database, they: Talker) -> Talker:
    """Somebody of the same account, who sees another funnel."""
    return await somebody(api, db, UUID(they.it.account), RIGHTS_BUT_TO_SEE_ALL)


def test_every_argument_that_takes_an_id_is_asked_for() -> None:
    asked = {hole.document.arguments[hole.variable] for hole in ALL.values()}

    assert asked == arguments_with("ID")
    assert NEW | set(BESIDE) <= set(ALL)


async def looked_up(hole: Hole, talker: Talker, transport: str, asked: list[str]) -> list[str]:
    told = await talker.ask(transport, hole.document.text, [hole.filled(talker, id) for id in asked])
    return [without(answer, id) for answer, id in zip(told, asked, strict=True)]


async def refused(hole: Hole, talker: Talker, transport: str, asked: list[str]) -> list[str]:
    done = await talker.do(transport, hole.document, [hole.filled(talker, id)["input"] for id in asked])
    return [without(refusal(one), id) for one, id in zip(done, asked, strict=True)]


@pytest.mark.parametrize(("hole", "transport"), LOOKS)
async def test_a_stranger_is_told_nothing(they: Talker, stranger: Talker, hole: str, transport: str) -> None:
    nothing, *told = await looked_up(ALL[hole], stranger, transport, [NOBODY, *they.it.one_of_each])

    assert told == [nothing] * len(told)


@pytest.mark.parametrize("hole", READS)
async def test_who_does_not_see_a_funnel_is_told_nothing(they: Talker, outsider: Talker, hole: str) -> None:
    asked = [NOBODY, *they.it.some_of(*OF_FUNNELS)]

    nothing, *told = await looked_up(ALL[hole], outsider, transports(ALL[hole])[0], asked)

    assert told == [nothing] * len(told)


@pytest.mark.parametrize("hole", READS)
async def test_who_may_is_told(they: Talker, hole: str) -> None:
    nothing, *told = await looked_up(ALL[hole], they, transports(ALL[hole])[0], [NOBODY, *they.it.one_of_each])

    assert [one for one in told if one != nothing]


@pytest.mark.parametrize("hole", [hole for hole in ACTS if hole not in NEW])
async def test_who_does_not_see_a_thing_changes_nothing(
    books: Books, they: Talker, stranger: Talker, outsider: Talker, hole: str
) -> None:
    everything, of_funnels = [NOBODY, *they.it.one_of_each], [NOBODY, *they.it.some_of(*OF_FUNNELS)]
    before = await books.of(they.it.account), await books.of(stranger.it.account)

    for told in (
        await refused(ALL[hole], stranger, "HTTP", everything),
        await refused(ALL[hole], stranger, "a socket", everything),
        await refused(ALL[hole], outsider, "HTTP", of_funnels),
    ):
        assert told == told[:1] * len(told)
        assert "Payload" not in told[0]
    assert (await books.of(they.it.account), await books.of(stranger.it.account)) == before


@pytest.mark.parametrize("hole", sorted(NEW))
async def test_a_stranger_may_give_any_id_to_what_is_new(
    api: Api, db: Database, books: Books, they: Talker, hole: str
) -> None:
    newcomer, before = await somebody(api, db), await books.of(they.it.account)

    answers = await refused(ALL[hole], newcomer, "HTTP", they.it.one_of_each)

    payload = ALL[hole].document.name
    assert answers == [f'"{payload[0].upper()}{payload[1:]}Payload"'] * len(answers)
    assert await books.of(they.it.account) == before


@pytest.mark.parametrize("name", fields_of("Query"))
async def test_no_answer_names_what_is_not_theirs(they: Talker, stranger: Talker, outsider: Talker, name: str) -> None:
    asked = document("Query", name)
    theirs, foreign, hidden = [
        without((await talker.ask("HTTP", asked.text, [given(name, talker.it)]))[0], ids.new().hex)
        for talker in (they, stranger, outsider)
    ]

    assert '"errors"' not in theirs + foreign + hidden
    assert [id for id in they.it.kinds if id in foreign] == []
    of_the_source = {they.it.funnel} if name in ("sources", "inbox") else set()  # that feeds it
    assert {id for id in they.it.of_kind("Funnel", "Deal", "Note", "Task", "Import") if id in hidden} <= of_the_source


# ─── cursors ──────────────────────────────────────────────────────────────────────────────────────


def of_a_list(kind: Any, argument: str) -> bool:
    return argument.endswith("(after)") and str(kind) == "String"


def cursors() -> dict[str, list[tuple[Document, str]]]:
    """Where cursors go in: the variables of documents, by the argument that they are."""
    found: dict[str, list[tuple[Document, str]]] = {}
    for root in ROOTS:
        for asked in (document(root, name) for name in fields_of(root)):
            for variable, kind in asked.variables.items():
                if list(paths(kind, "Cursor")) or of_a_list(kind, asked.arguments[variable]):
                    found.setdefault(asked.arguments[variable], []).append((asked, variable))
    return found


CURSORS = cursors()


def end_of(answer: Any, way: list[str]) -> str | None:
    """The first list's end cursor at the end of that way."""
    if isinstance(answer, list):
        return next((end for one in answer if (end := end_of(one, way)) is not None), None)
    if not way or answer is None:
        cursor: str | None = answer and answer.get("pageInfo", {}).get("endCursor")
        return cursor
    return end_of(answer.get(way[0]), way[1:])


async def cursor_of(they: Talker, asked: Document, variable: str) -> str | None:
    """One that they were given themselves, for that argument."""
    if str(asked.variables[variable]).startswith("Cursor"):
        board = document("Query", "board")
        (answer,) = await they.ask("HTTP", board.text, [given("board", they.it)])
        return str(answer["data"]["board"]["cursor"])
    (answer,) = await they.ask("HTTP", asked.text, [given(asked.name, they.it)])
    return end_of(answer["data"], [asked.name, *variable.split("_")[:-1]])


def twin(cursor: str) -> str:
    """The same place, but of an id that nobody has, next to the one that somebody has."""
    raw = base64.urlsafe_b64decode(cursor)
    readable, count = ID_IN_TEXT.subn(lambda id: str(UUID(int=UUID(id[0].decode()).int ^ 1)).encode(), raw)
    return base64.urlsafe_b64encode(readable if count else bytes([raw[0] ^ 1]) + raw[1:]).decode()


@pytest.mark.parametrize("argument", CURSORS)
async def test_a_cursor_of_others_leads_where_one_of_nobody_leads(
    they: Talker, stranger: Talker, outsider: Talker, argument: str
) -> None:
    tried = 0
    for asked, variable in CURSORS[argument]:
        cursor = await cursor_of(they, asked, variable)
        if cursor is None:
            continue
        tried += 1
        transport = "a socket" if asked.root == "Subscription" else "HTTP"
        for talker in (stranger,) if argument in OF_THE_ACCOUNT else (stranger, outsider):
            variables = VARIABLES[asked.name](talker.it)
            variables.pop("at", None)  # of the past there is one moment to be named
            places = [cursor, twin(cursor)]
            told = await talker.ask(transport, asked.text, [variables | {variable: place} for place in places])
            assert without(told[0], places[0]) == without(told[1], places[1])
    assert tried
