"""What a client may write of deals: new, changed, moved, and many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from shared import ids
from shared.deals.model import Contact, Deal, DealStatus, Origin
from shared.forms import LONGEST_NOTE, NEEDED, NOT_NULL, Form
from shared.funnels import Stage
from shared.money import Money
from shared.spots import ON_TOP, Spot

MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class NewDeal:
    """A deal to be made. `amount` is in minor units of its own currency."""

    id: UUID
    funnel_id: UUID
    title: str
    contact: Contact
    assignee_id: UUID | None = None
    amount: Money | None = None
    expected_close_on: date | None = None
    custom_fields: Mapping[str, Any] = field(default_factory=dict)
    id_is_chosen: bool = False

    @classmethod
    def read(cls, given: Mapping[str, Any], country: str) -> Self:
        """Raises InvalidInput with all problems of form."""
        form = Form(country)
        amount, custom = given.get("amount"), given.get("custom_fields")
        new = cls(
            form.new_id(("id",), given.get("id")),
            ids.read(given["funnel_id"]),
            form.text(("title",), given["title"]),
            read_contact(form, given["contact"]),
            ids.read(given["assignee_id"]) if given.get("assignee_id") is not None else None,
            form.money(("amount",), amount["amount"], amount["currency"]) if amount else None,
            form.date(("expectedCloseOn",), given.get("expected_close_on")),
            form.json_object(("customFields",), custom) if custom is not None else {},
            id_is_chosen=given.get("id") is not None,
        )
        form.check()
        return new

    def entering(self, entry: Stage, number: int, origin: Origin, assignee_id: UUID | None, at: datetime) -> Deal:
        """The deal as it comes into its funnel at that moment. `assignee_id`: who has it when nobody is named."""
        return Deal(
            id=self.id,
            number=number,
            funnel_id=entry.funnel_id,
            stage_id=entry.id,
            title=self.title,
            contact=self.contact,
            assignee_id=self.assignee_id or assignee_id,
            amount=self.amount,
            expected_close_on=self.expected_close_on,
            source=origin.source,
            source_name=origin.name,
            status=DealStatus.OPEN,
            loss_reason_id=None,
            loss_note=None,
            closed_from_stage_id=None,
            open_task_count=0,
            archived=False,
            entered_stage_at=at,
            created_at=at,
            updated_at=at,
            closed_at=None,
            version=1,
            custom_fields=self.custom_fields,
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change of a deal: only what is in `fields`, by its name in `Deal`."""

    deal_id: UUID
    fields: Mapping[str, Any]
    expected_version: int | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any], country: str) -> Self:
        """Raises InvalidInput with all problems of form."""
        form = Form(country)
        fields: dict[str, Any] = {}
        if "title" in given:
            fields["title"] = form.text(("title",), given["title"])
        if "contact" in given:
            contact = given["contact"]
            if contact is None:
                form.refuse(("contact",), NOT_NULL)
            else:
                fields["contact"] = read_contact(form, contact)
        if "assignee_id" in given:
            if given["assignee_id"] is None:
                form.refuse(("assigneeId",), NOT_NULL)
            else:
                fields["assignee_id"] = ids.read(given["assignee_id"])
        if "amount" in given:
            amount = given["amount"]
            fields["amount"] = form.money(("amount",), amount["amount"], amount["currency"]) if amount else None
        if "expected_close_on" in given:
            fields["expected_close_on"] = form.date(("expectedCloseOn",), given["expected_close_on"])
        if "custom_fields" in given:
            fields["custom_fields"] = form.json_object(("customFields",), given["custom_fields"])
        form.check()
        return cls(ids.read(given["id"]), fields, given.get("expected_version"))


@dataclass(frozen=True, slots=True)
class Move:
    """`expected_version` is what the person had on screen when they let go of the card."""

    deal_id: UUID
    to_stage_id: UUID
    spot: Spot = ON_TOP
    expected_version: int | None = None
    loss_reason_id: UUID | None = None
    loss_note: str | None = None
    amount: Money | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput with all problems of form."""
        form = Form()
        amount, reason = given.get("amount"), given.get("loss_reason_id")
        move = cls(
            ids.read(given["id"]),
            ids.read(given["to_stage_id"]),
            Spot.read(form, given.get("place")),
            given.get("expected_version"),
            ids.read(reason) if reason is not None else None,
            form.optional_text(("lossNote",), given.get("loss_note"), LONGEST_NOTE),
            form.money(("amount",), amount["amount"], amount["currency"]) if amount else None,
        )
        form.check()
        return move


@dataclass(frozen=True, slots=True)
class MoveMany:
    """All of them to the top of one stage, in the order of their ids; or none."""

    deal_ids: tuple[UUID, ...]
    to_stage_id: UUID
    loss_reason_id: UUID | None = None
    loss_note: str | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput with all problems of form."""
        form, reason = Form(), given.get("loss_reason_id")
        move = cls(
            read_many(form, given["ids"]),
            ids.read(given["to_stage_id"]),
            ids.read(reason) if reason is not None else None,
            form.optional_text(("lossNote",), given.get("loss_note"), LONGEST_NOTE),
        )
        form.check()
        return move


@dataclass(frozen=True, slots=True)
class Many:
    """Deals that the same is done with: of all, or of none."""

    deal_ids: tuple[UUID, ...]

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises InvalidInput with all problems of form."""
        form = Form()
        many = cls(read_many(form, given["ids"]))
        form.check()
        return many


def read_many(form: Form, given: Sequence[str]) -> tuple[UUID, ...]:
    """1 to `MOST_AT_ONCE` ids, each once."""
    deal_ids = [ids.read(text) for text in given]
    if not deal_ids:
        form.refuse(("ids",), NEEDED)
    form.at_most(("ids",), len(deal_ids), MOST_AT_ONCE)
    form.different(("ids",), deal_ids)
    return tuple(deal_ids)


def read_contact(form: Form, given: Mapping[str, Any]) -> Contact:
    return Contact(
        form.text(("contact", "name"), given["name"]),
        form.phone(("contact", "phone"), given.get("phone")),
        form.email(("contact", "email"), given.get("email")),
    )
