"""Deals out of rows, with what is asked of them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import fields
from functools import lru_cache

from shared.db import Record
from shared.deals.model import Contact, Deal, DealSource, DealStatus
from shared.money import Money
from shared.quick import Form, Part, reader

FORM = Form(
    Deal,
    {
        "contact": Part(Contact, {"name": "contact_name", "phone": "contact_phone", "email": "contact_email"}),
        "amount": Part(Money, {"minor": "amount", "currency": "currency"}, unless="currency"),
    },
    {"source": DealSource, "status": DealStatus},
    frozenset({"funnel_id", "stage_id"}),
)
ATTRIBUTES = tuple(field.name for field in fields(Deal))
ALWAYS = {"id", "stage_id"}
MOST_CHOICES = 256

Read = Callable[[Iterable[Record]], list[Deal]]


@lru_cache(MOST_CHOICES)
def _choice(wanted: frozenset[str]) -> tuple[str, Read]:
    attributes = [name for name in ATTRIBUTES if name in wanted or name in ALWAYS]
    return ", ".join(FORM.columns(attributes)), reader(FORM, attributes)


def choose(wanted: Collection[str] | None) -> tuple[str, Read]:
    """The columns to select for those attributes of deals, and what makes deals of rows that begin with them.

    The deals lack all other attributes but `id` and `stage_id`. None: they have all.
    """
    return _choice(frozenset(ATTRIBUTES if wanted is None else wanted))


DEAL, deals_of = choose(None)


def deal_of(row: Record) -> Deal:
    """Of a row that begins with DEAL."""
    return deals_of([row])[0]
