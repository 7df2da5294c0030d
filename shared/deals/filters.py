"""Which deals somebody looks for, and in which order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from shared import ids
from shared.deals.model import DealSource, DealStatus
from shared.forms import Form, read_date

MOST_NAMED = 500  # ids in one list of a filter
LONGEST_SEARCH = 200
AMOUNT = re.compile(r"[A-Z]{3} [0-9]{1,18}", re.ASCII)
WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?\+00", re.ASCII)


class DealOrderField(StrEnum):
    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    AMOUNT = "AMOUNT"
    EXPECTED_CLOSE_ON = "EXPECTED_CLOSE_ON"
    TITLE = "TITLE"
    NUMBER = "NUMBER"


@dataclass(frozen=True, slots=True)
class DealOrder:
    """Nulls stand last both ways; equals stand by their ids.

    Amounts are compared within their currency, currencies stand one after the other by their codes: of 500 UAH and
    500 JPY neither is more.
    """

    field: DealOrderField = DealOrderField.CREATED_AT
    descending: bool = True

    @property
    def has_nulls(self) -> bool:
        return self.field in (DealOrderField.AMOUNT, DealOrderField.EXPECTED_CLOSE_ON)

    def holds(self, key: str) -> bool:
        """Whether a deal may be sorted by this: PostgreSQL's text of a value, or nothing for null."""
        if not key:
            return self.has_nulls
        match self.field:
            case DealOrderField.CREATED_AT | DealOrderField.UPDATED_AT:
                return _is_moment(key)
            case DealOrderField.AMOUNT:
                return AMOUNT.fullmatch(key) is not None
            case DealOrderField.NUMBER:
                return WHOLE.fullmatch(key) is not None
            case DealOrderField.EXPECTED_CLOSE_ON:
                return read_date(key) is not None
            case DealOrderField.TITLE:
                return True


@dataclass(frozen=True, slots=True)
class DealFilter:
    """Which deals: those that meet every condition that is given. Bounds are included.

    Amounts are minor units of `currency`, the account's. `archived`: None lets both through.
    """

    search: str | None = None
    ids: Sequence[UUID] | None = None
    funnel_id: UUID | None = None
    stage_ids: Sequence[UUID] | None = None
    assignee_ids: Sequence[UUID] | None = None
    status: Sequence[DealStatus] | None = None
    sources: Sequence[DealSource] | None = None
    loss_reason_ids: Sequence[UUID] | None = None
    amount_min: int | None = None
    amount_max: int | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    close_on_from: date | None = None
    close_on_to: date | None = None
    idle: bool | None = None
    archived: bool | None = False
    currency: str = ""

    @classmethod
    def read(cls, given: Mapping[str, Any], currency: str) -> Self:
        """Raises InvalidInput with all problems of form. null is as if it were left out, but for `archived`."""
        form = Form()
        read: dict[str, Any] = {"currency": currency, "archived": given.get("archived", False)}
        for name, value in given.items():
            if value is None or name == "archived":
                continue
            path = (graphql_name(name),)
            if name in ("ids", "stage_ids", "assignee_ids", "loss_reason_ids"):
                form.at_most(path, len(value), MOST_NAMED)
                read[name] = [ids.read(one) for one in value]
            elif name == "funnel_id":
                read[name] = ids.read(value)
            elif name in ("amount_min", "amount_max"):
                read[name] = form.amount(path, value, currency)
            elif name in ("created_from", "created_to"):
                read[name] = form.instant(path, value)
            elif name in ("close_on_from", "close_on_to"):
                read[name] = form.date(path, value)
            elif name == "search":
                read[name] = form.text(path, value, LONGEST_SEARCH) if value.strip() else None
            else:
                read[name] = value
        form.check()
        return cls(**read)

    @property
    def is_empty(self) -> bool:
        """Whether it lets through what a board shows without a filter."""
        return self == DealFilter(currency=self.currency)

    @property
    def is_of_totals(self) -> bool:
        """Whether kept totals say how many deals it lets through."""
        return replace(self, funnel_id=None, stage_ids=None, status=None).is_empty


def _is_moment(key: str) -> bool:
    try:
        return MOMENT.fullmatch(key) is not None and bool(datetime.fromisoformat(key))
    except ValueError:
        return False


def graphql_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
