"""Deals out of rows: hundreds of them for a board, so quickly, and without what nobody asks for."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from shared.db import Record
from shared.deals.model import Contact, Deal, DealSource, DealStatus
from shared.money import Money
from shared.quick import drafts

ALWAYS = """id, number, funnel_id, stage_id, title, contact_name, contact_phone, contact_email, assignee_id, amount,
          currency, expected_close_on, source, source_name, status, loss_reason_id, loss_note, closed_from_stage_id,
          open_task_count, archived, version"""
# What takes longer to read than all the rest: moments, and what is JSON.
DEAR = ("entered_stage_at", "created_at", "updated_at", "closed_at", "custom_fields")
DEAL = ", ".join((ALWAYS, *DEAR))

SOURCES = {source.value: source for source in DealSource}
STATUSES = {status.value: status for status in DealStatus}
_Deal, _Contact, _Money = drafts(Deal), drafts(Contact), drafts(Money)


def dear(wanted: Collection[str] | None) -> Sequence[str]:
    """Those of the dear columns that are among the names of a deal's attributes; None: all."""
    return DEAR if wanted is None else [name for name in DEAR if name in wanted]


def deal_of(row: Record) -> Deal:
    """Of a row that begins with DEAL."""
    return deals_of([row])[0]


def deals_of(rows: Iterable[Record], more: Sequence[str] = DEAR) -> list[Deal]:
    """Of rows that begin with ALWAYS and then `more`. A deal lacks the attributes that are not among these."""
    deals = []
    for row in rows:
        deal, contact = _Deal(), _Contact()
        (
            deal.id,
            deal.number,
            deal.funnel_id,
            deal.stage_id,
            deal.title,
            contact.name,
            contact.phone,
            contact.email,
            deal.assignee_id,
            minor,
            currency,
            deal.expected_close_on,
            source,
            deal.source_name,
            status,
            deal.loss_reason_id,
            deal.loss_note,
            deal.closed_from_stage_id,
            deal.open_task_count,
            deal.archived,
            deal.version,
            *rest,
        ) = row
        contact.__class__ = Contact
        deal.contact = contact
        deal.amount = _money(minor, currency) if currency else None
        deal.source, deal.status = SOURCES[source], STATUSES[status]
        for name, value in zip(more, rest, strict=False):  # after them stands what the statement has of its own
            setattr(deal, name, value)
        deal.__class__ = Deal
        deals.append(deal)
    return deals


def _money(minor: int, currency: str) -> Any:
    money = _Money()
    money.minor, money.currency = minor, currency
    money.__class__ = Money
    return money
