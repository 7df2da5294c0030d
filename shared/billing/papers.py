"""What is written down about money: quotes, invoices, credit notes, payments, and ways to pay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from shared.billing.grid import Period
from shared.billing.planning import Line, LineKind


class InvoiceState(StrEnum):
    OPEN = "OPEN"
    PAID = "PAID"
    VOID = "VOID"
    UNCOLLECTIBLE = "UNCOLLECTIBLE"


class Purpose(StrEnum):
    """What an invoice is issued for: what somebody put into a cart, the end of a trial, a boundary."""

    QUOTE = "QUOTE"
    TRIAL = "TRIAL"
    RENEWAL = "RENEWAL"


class Rank(StrEnum):
    """How far a payment is; it only goes up (`RANKS`)."""

    CREATED = "CREATED"
    PENDING = "PENDING"
    FAILED = "FAILED"
    PAID = "PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"


RANKS: Mapping[Rank, int] = {
    Rank.CREATED: 0,
    Rank.PENDING: 10,
    Rank.FAILED: 20,
    Rank.PAID: 30,
    Rank.PARTIALLY_REFUNDED: 40,
    Rank.REFUNDED: 50,
}
BY_RANK: Mapping[int, Rank] = {number: rank for rank, number in RANKS.items()}


@dataclass(frozen=True, slots=True)
class Quote:
    """What a cart costs until `valid_until`, on the grid and at the prices of then."""

    id: UUID
    effective_on: date
    valid_until: datetime
    grid_version: int
    price_version: int
    currency: str
    lines: Sequence[Line]
    total: int
    from_balance: int

    @property
    def due(self) -> int:
        return self.total - self.from_balance


@dataclass(frozen=True, slots=True)
class IssuedLine:
    """A line of an invoice. `renews`: the subscription that it goes on with."""

    id: UUID
    invoice_id: UUID
    line: Line
    renews: UUID | None


@dataclass(frozen=True, slots=True)
class Invoice:
    """`received`: money that came for it; the rest of what is paid came from the balance.

    `grace_from`: of one that stands in for a voided one.
    """

    id: UUID
    number: int
    purpose: Purpose
    quote_id: UUID | None
    state: InvoiceState
    issued_on: date
    due_on: date
    currency: str
    total: int
    from_balance: int
    received: int
    grace_from: date | None

    @property
    def due(self) -> int:
        return self.total - self.from_balance - self.received

    @property
    def counts_from(self) -> date:
        """The day from which grace is counted: an outage of ours costs nobody any of it."""
        return self.grace_from or max(self.due_on, self.issued_on)


@dataclass(frozen=True, slots=True)
class CreditNote:
    """`reason`: what became of which module, as it is kept: `cancelled: telephony`."""

    id: UUID
    number: int
    invoice_id: UUID
    issued_on: date
    total: int
    reason: str

    @property
    def module_code(self) -> str:
        return self.reason.rpartition(" ")[2]


@dataclass(frozen=True, slots=True)
class Payment:
    """Also the order that a provider knows by the payment's id. `method_id` is None where the payer goes to a page."""

    id: UUID
    provider: str
    invoice_id: UUID
    method_id: UUID | None
    save_method: bool
    return_url: str | None
    rank: int
    amount: int
    refunded: int
    received: int
    currency: str
    created_at: datetime
    paid_at: datetime | None
    failure: str | None

    @property
    def state(self) -> Rank:
        return BY_RANK[self.rank]


@dataclass(frozen=True, slots=True)
class Method:
    """A saved way to pay."""

    id: UUID
    provider: str
    token: str
    label: str
    expires_on: date | None
    is_default: bool


def line_to_json(line: Line) -> dict[str, Any]:
    return {
        "module": line.module_code,
        "months": line.months,
        "kind": line.kind,
        "start": line.period.start.isoformat(),
        "end": line.period.end.isoformat(),
        "ofDays": line.of_days,
        "fullPrice": line.full_price,
        "amount": line.amount,
        "credited": str(line.credited) if line.credited else None,
    }


def line_from_json(kept: Mapping[str, Any]) -> Line:
    return Line(
        kept["module"],
        kept["months"],
        LineKind(kept["kind"]),
        Period(date.fromisoformat(kept["start"]), date.fromisoformat(kept["end"])),
        kept["ofDays"],
        kept["fullPrice"],
        kept["amount"],
        UUID(kept["credited"]) if kept["credited"] else None,
    )


@dataclass(frozen=True, slots=True)
class Changed:
    """Something of the account's billing changed: which thing, by its id."""

    kind: ClassVar[str]
    version: ClassVar[int] = 1

    id: UUID

    def payload(self) -> Mapping[str, object]:
        return {"id": str(self.id)}


class ModuleChanged(Changed):
    kind = "ModuleChanged"


class PaymentChanged(Changed):
    kind = "PaymentChanged"


class InvoiceChanged(Changed):
    kind = "InvoiceChanged"


class BalanceChanged(Changed):
    """The id is the account's."""

    kind = "BalanceChanged"
