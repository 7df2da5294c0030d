"""Inputs as nobody would write them, drawn for any input type of the schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, get_nullable_type, is_non_null_type
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.graphql.surface import document

TEXTS = [
    "",
    " \n\t",
    "x",
    "я" * 200,
    "İ" * 200,  # each is two letters when it is small
    "я" * 10_000,
    "\0",
    "а\0б",
    "\x07\x1b[31m",
    "👨‍👩‍👧‍👦 🇺🇦",
    "שלום \u202eкод",
    "\ufeff\u2028\ufffe\U0010ffff",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍",
    "\u0958\U0001d160",  # grow when they are composed
    "%_\\%",
    "'; DROP TABLE deals; --",
    "{{7*7}} ${x} %s",
    "0501234567",
    "a@b.ua",
    "sales_funnel",
]
IDS = [
    "",
    "x",
    "\0",
    "7",
    "я" * 5_000,
    "00000000-0000-0000-0000-000000000000",
    "{%s}",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
]
NUMBERS = [0, 1, -1, 2, 100, 101, 2**31 - 1, -(2**31), 2**31, 2**63]
DECIMALS = [
    "0",
    "0.01",
    "128.5",
    "-1",
    "1e3",
    "NaN",
    "Infinity",
    "0.001",
    "9999999999999.99",
    "10000000000000",
    "١",
    ".",
    "9" * 5_000,
    7,
    -7,
    2**63,
]
DATES = ["2026-05-01", "2024-02-29", "2026-02-30", "0001-01-01", "9999-12-31", "0000-00-00", "10000-01-01", "26-1-1"]
INSTANTS = [
    "2026-05-01T10:00:00Z",
    "2026-05-01T10:00:00+03:00",
    "1970-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00",
    "2026-05-01T24:00:00Z",
    "2026-05-01",
    "2026-12-31T23:59:60Z",
]
CURRENCIES = ["UAH", "USD", "JPY", "BHD", "uah", "XXX", "ГРН", "", "UAHUAH"]
COLORS = ["#1A2B3C", "#1a2b3c", "#FFF", "red", "#GGGGGG", "#1A2B3C\n"]
PHONES = ["0501234567", "+380501234567", "+1", "112", "+" + "9" * 40, "телефон", "0501234567;ext=1"]
WORDS = ["uk", "en", "Europe/Kyiv", "Mars/Olympus", "UTC", "UA", "ua", "../../etc/passwd", "localtime", "Europe"]
NO_CURSORS = [
    "",
    "x",
    "WyIiLCIiXQ==",
    "WzEsMl0=",
    "W10=",
    "bnVsbA==",
    "A" * 32,
    "_" * 32,
    "fn5-" * 8,
    "=" * 32,
    "я" * 32,
]
LEFT_OUT = object()
WRONG: list[Any] = [None, True, 7, 1.5, "x", [], {}, [None], {"x": 1}, [[]]]  # for whatever type


def texts() -> SearchStrategy[str]:
    return st.sampled_from(TEXTS) | st.text(max_size=40)


def json_values() -> SearchStrategy[Any]:
    deep: Any = "дно"
    for _ in range(400):
        deep = {"а": [deep]}
    numbers = st.sampled_from([2**63, -(2**63) - 1, 2**64, 1e308, 5e-324, -0.0]) | st.integers() | st.floats(-9, 9)
    plain = st.none() | st.booleans() | numbers | texts()
    tree = st.recursive(plain, lambda one: st.lists(one, max_size=3) | st.dictionaries(texts(), one, max_size=3))
    return st.dictionaries(texts(), tree, max_size=3) | tree | st.sampled_from([deep, {"х": "я" * 40_000}])


@dataclass(frozen=True)
class Known:
    """Stands for an id that names something; which one is known when there is an account."""

    index: int


@dataclass(frozen=True)
class Place:
    """Stands for a cursor of one of the account's lists or logs."""

    index: int


@dataclass(frozen=True)
class Recipe:
    """What to ask a field of a root: what is good, but for `changes`; or these alone."""

    name: str
    changes: Any
    alone: bool = False

    def made(self, good: Any, known: Sequence[str], cursors: Sequence[str]) -> Any:
        """With what there is."""
        changes = _resolved(self.changes, known, cursors)
        if self.alone:
            return changes
        return {name: value for name, value in {**good, **changes}.items() if value is not LEFT_OUT}


def recipes(root: str, name: str) -> SearchStrategy[Recipe]:
    """Mostly nearly good ones, since others do not get far."""
    kinds = document(root, name).variables
    if root == "Mutation":
        kind = get_nullable_type(kinds["input"])
        nearly = _nearly(name, {field: one.type for field, one in kind.fields.items()})
        wrong = st.dictionaries(st.sampled_from(sorted(kind.fields)), st.sampled_from(WRONG), min_size=1, max_size=1)
        anything = values_there(kind)
        return st.one_of(
            nearly,
            nearly,
            nearly,
            wrong.map(lambda changes: Recipe(name, changes)),
            anything.map(lambda value: Recipe(name, value, alone=True)),
        )
    return _nearly(name, kinds)


def _nearly(name: str, kinds: Mapping[str, Any]) -> SearchStrategy[Recipe]:
    """Up to three changes, of which some leave a field out."""
    if not kinds:
        return st.just(Recipe(name, {}))
    names = st.lists(st.sampled_from(sorted(kinds)), max_size=3, unique=True)
    changes = names.flatmap(
        lambda some: st.fixed_dictionaries({one: values(kinds[one]) | st.just(LEFT_OUT) for one in some})
    )
    return changes.map(lambda drawn: Recipe(name, drawn))


def values(kind: Any) -> SearchStrategy[Any]:
    """Any value of that type, right or wrong."""
    return values_there(kind) if is_non_null_type(kind) else st.none() | values_there(kind)


def values_there(kind: Any) -> SearchStrategy[Any]:
    """Any but null."""
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList):
        one = values(kind.of_type)
        many = st.builds(lambda value, count: [value] * count, one, st.sampled_from([2, 51, 101, 501]))
        return st.lists(one, max_size=4) | many
    if isinstance(kind, GraphQLInputObjectType):
        return _objects(kind)
    if isinstance(kind, GraphQLEnumType):
        return st.sampled_from([*kind.values, *kind.values, "НІ", ""])
    return SCALARS[kind.name]


def _objects(kind: GraphQLInputObjectType) -> SearchStrategy[Any]:
    if kind.extensions["strawberry-definition"].is_one_of:
        return st.one_of(*(st.fixed_dictionaries({name: values_there(one.type)}) for name, one in kind.fields.items()))
    needed = {name: values(one.type) for name, one in kind.fields.items() if is_non_null_type(one.type)}
    others = {name: values(one.type) for name, one in kind.fields.items() if name not in needed}
    return st.fixed_dictionaries(needed, optional=others)


def _resolved(value: Any, known: Sequence[str], cursors: Sequence[str]) -> Any:
    if isinstance(value, Known):
        return known[value.index % len(known)]
    if isinstance(value, Place):
        return cursors[value.index % len(cursors)]
    if isinstance(value, list):
        return [_resolved(one, known, cursors) for one in value]
    if isinstance(value, dict):
        return {name: _resolved(one, known, cursors) for name, one in value.items()}
    return value


CURSORS = st.builds(Place, st.integers(0, 9)) | st.sampled_from(NO_CURSORS)
SCALARS: Mapping[str, SearchStrategy[Any]] = {
    "ID": st.builds(Known, st.integers(0, 99))
    | st.builds(Known, st.integers(0, 99))
    | st.uuids().map(str)
    | st.sampled_from(IDS)
    | st.integers(-9, 2**40),
    "String": texts() | st.sampled_from(WORDS) | CURSORS,
    "Int": st.sampled_from(NUMBERS) | st.integers(1, 200),
    "Boolean": st.booleans(),
    "JSON": json_values(),
    "Decimal": st.sampled_from(DECIMALS) | st.decimals(0, 10**6, places=2).map(str),
    "Date": st.sampled_from(DATES) | st.dates().map(str) | texts(),
    "DateTime": st.sampled_from(INSTANTS) | st.datetimes().map(lambda at: f"{at.isoformat()}Z") | texts(),
    "CurrencyCode": st.sampled_from(CURRENCIES),
    "Color": st.sampled_from(COLORS) | texts(),
    "PhoneNumber": st.sampled_from(PHONES) | texts(),
    "Cursor": CURSORS,
}
