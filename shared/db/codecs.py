"""How values of PostgreSQL are values of Python, where asyncpg does not say it."""

from typing import Any
from uuid import UUID

import asyncpg
import orjson

JSONB_VERSION = b"\x01"  # what the text of a binary jsonb begins with


async def set_codecs(conn: asyncpg.Connection) -> None:
    """JSON columns are Python values. As text, lists of them would be quoted here, and read letter by letter there."""
    await conn.set_type_codec("json", encoder=_json, decoder=orjson.loads, schema="pg_catalog", format="binary")
    await conn.set_type_codec("jsonb", encoder=_jsonb, decoder=_read_jsonb, schema="pg_catalog", format="binary")


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=_json_value)


def _jsonb(value: object) -> bytes:
    return JSONB_VERSION + _json(value)


def _read_jsonb(sent: bytes) -> Any:
    return orjson.loads(memoryview(sent)[len(JSONB_VERSION) :])


def _json_value(value: object) -> str:
    """asyncpg's ids are a class of their own, which orjson does not know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON.")
