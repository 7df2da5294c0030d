"""From a lead to the deal that is made of it. Pure: the account's country and currency are arguments."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared import ids
from shared.deals import Contact, DealSource, NewDeal
from shared.forms import EMAIL
from shared.ingest import tidy
from shared.ingest.model import Lead
from shared.money import Money, minor_units

LONGEST_EMAIL = 254
CALL = "Дзвінок"  # how calls are titled in every language: it is the telephone services' custom in Ukraine


@dataclass(frozen=True, slots=True)
class Draft:
    """A lead as a deal holds it. `unread`: by field, what was written where a phone, an address or an amount belong."""

    title: str
    contact: Contact
    amount: Money | None
    custom_fields: Mapping[str, Any]
    unread: Mapping[str, str]

    def deal(self, funnel_id: UUID, assignee_id: UUID | None) -> NewDeal:
        return NewDeal(
            ids.new(),
            funnel_id,
            self.title,
            self.contact,
            assignee_id,
            self.amount,
            custom_fields=self.custom_fields,
        )


def draft_of(lead: Lead, country: str, currency: str) -> Draft:
    """Contact and title are made of what there is."""
    unread: dict[str, str] = {}
    phone = email = amount = None
    if lead.phone is not None:
        phone = tidy.phone(lead.phone.text, country)
        if phone is None or tidy.has_words(lead.phone.text):
            unread[lead.phone.field] = lead.phone.text
    if lead.email is not None:
        email = read_email(lead.email.text)
        if email is None:
            unread[lead.email.field] = lead.email.text
    if lead.amount is not None:
        amount = read_amount(lead.amount.text, currency)
        if amount is None:
            unread[lead.amount.field] = lead.amount.text

    said = [one.text for one in (lead.phone, lead.email) if one is not None]
    candidates = [lead.name, phone, email, *said, lead.title]
    name = next(clean for text in candidates if text and (clean := tidy.one_line(text)))
    title = tidy.one_line(lead.title or "") or name
    if lead.came_as is DealSource.CALL and not lead.title:
        title = tidy.one_line(f"{CALL} {phone or name}")
    return Draft(title, Contact(name, phone, email), amount, tidy.custom_fields(lead.custom_fields), unread)


def read_email(text: str) -> str | None:
    """The address; None when it is none."""
    trimmed = text.strip()
    return trimmed if len(trimmed) <= LONGEST_EMAIL and EMAIL.fullmatch(trimmed) and trimmed.isprintable() else None


def read_amount(text: str, currency: str) -> Money | None:
    """An amount as people write it: "12 500,50". None when it is none of that currency."""
    plain = "".join(text.split()).replace(",", ".")
    minor = minor_units(plain, currency) if len(plain) <= 40 else None
    return None if minor is None else Money(minor, currency)
