"""The contract's scalars.

On input a scalar takes any text: a command judges it, and its refusal says at which path. Only a JSON value of the
wrong kind is an error of the request.
"""

from datetime import UTC, date, datetime
from typing import Any, NewType
from uuid import UUID

import strawberry
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from services.graphql.engine.encode import day, instant

DateTime = NewType("DateTime", str)
Date = NewType("Date", str)
Decimal = NewType("Decimal", str)
Color = NewType("Color", str)
PhoneNumber = NewType("PhoneNumber", str)
Cursor = NewType("Cursor", str)
CurrencyCode = NewType("CurrencyCode", str)

__all__ = ["JSON", "Color", "CurrencyCode", "Cursor", "Date", "DateTime", "Decimal", "PhoneNumber"]


def date_time(at: datetime) -> DateTime:
    return DateTime(at.astimezone(UTC).isoformat().replace("+00:00", "Z"))


def optional_date_time(at: datetime | None) -> DateTime | None:
    return date_time(at) if at else None


def optional_date(day: date | None) -> Date | None:
    return Date(day.isoformat()) if day else None


def node_id(id: UUID) -> strawberry.ID:
    return strawberry.ID(str(id))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"A string is expected here, not {value!r}.")
    return value


def _decimal(value: Any) -> str:
    """A string, or a whole number; never a float, which has lost digits already."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value)


def _scalar(name: str, description: str, parse: Any = _text, serialize: Any = str) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, serialize=serialize, parse_value=parse)


SCALARS: dict[object, ScalarDefinition] = {
    DateTime: _scalar("DateTime", "An instant: RFC 3339 with offset, always UTC on output.", serialize=instant),
    Date: _scalar("Date", "A civil date of the account's time zone: 2026-03-31.", serialize=day),
    Decimal: _scalar("Decimal", 'A decimal number as a string, such as "128.57"; never a float.', _decimal),
    Color: _scalar("Color", 'A color: "#RRGGBB".'),
    PhoneNumber: _scalar(
        "PhoneNumber", "A phone number in E.164; input in national form is normalised by the account's country."
    ),
    Cursor: _scalar("Cursor", "A place in one funnel's event log. Opaque."),
    CurrencyCode: _scalar("CurrencyCode", "A currency of ISO 4217: UAH."),
}
