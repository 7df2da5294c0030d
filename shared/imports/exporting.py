"""A funnel's deals as rows of a file that can be imported again, a page at a time."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from shared import accounts, deals, funnels
from shared.db import Transaction
from shared.deals import Deal, DealFilter, DealOrder, DealOrderField
from shared.imports import sql_exporting
from shared.imports.rows import NAMES
from shared.imports.shielding import shielded
from shared.money import text_of

PAGE = 500
MOST_CUSTOM = 200  # columns of custom fields
STANDS: Mapping[str, tuple[str, str]] = {"uk": ("Етап", "Статус"), "en": ("Stage", "Status")}
ORDER = DealOrder(DealOrderField.NUMBER, descending=False)
After = tuple[str, UUID] | None


@dataclass(frozen=True, slots=True)
class Columns:
    """`custom`: the custom fields, each in a column of its own."""

    language: str
    custom: Sequence[str]

    @property
    def header(self) -> list[str]:
        index = 0 if self.language == "uk" else 1
        return [names[index] for names in NAMES.values()] + list(STANDS[self.language]) + list(self.custom)


async def columns(tx: Transaction, asked: DealFilter, language: str) -> Columns:
    return Columns(language, await sql_exporting.select_custom_names(tx, asked, MOST_CUSTOM))


async def rows(tx: Transaction, asked: DealFilter, shown: Columns, after: After) -> tuple[list[list[str]], After]:
    """A page of rows by number, and where the next one goes on; None: this is the last."""
    page = await deals.page(tx, asked, ORDER, PAGE, after)
    found = page.deals
    deal_ids = [deal.id for deal in found]
    stages = await funnels.stages_by_id(tx, list({deal.stage_id for deal in found}))
    people = await accounts.users(tx, {deal.assignee_id for deal in found if deal.assignee_id})
    notes = await sql_exporting.select_notes(tx, deal_ids)
    external = await sql_exporting.select_external_ids(tx, deal_ids)
    cells = []
    for deal in found:
        person = people.get(deal.assignee_id) if deal.assignee_id else None
        assignee = (person.email or person.name) if person else ""
        own = [*_own(deal), assignee, notes.get(deal.id, ""), external.get(deal.id, "")]
        stands = [stages[deal.stage_id].name, deal.status.value]
        cells.append([*own, *stands, *(_custom(deal.custom_fields.get(name)) for name in shown.custom)])
    return cells, page.places[-1] if page.has_more else None


def written(cells: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV. What a spreadsheet would take for a formula is kept from it by an apostrophe."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([shielded(cell) for cell in row] for row in cells)
    return out.getvalue().encode()


def _own(deal: Deal) -> list[str]:
    amount = (text_of(deal.amount.minor, deal.amount.currency), deal.amount.currency) if deal.amount else ("", "")
    return [deal.title, deal.contact.name, deal.contact.phone or "", deal.contact.email or "", *amount]


def _custom(value: Any) -> str:
    """A text as it is, all else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
