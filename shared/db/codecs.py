"""How values of PostgreSQL are values of Python, where asyncpg does not say it."""

from uuid import UUID

import asyncpg
import orjson


async def set_codecs(conn: asyncpg.Connection) -> None:
    """JSON columns are Python values."""
    for name in ("json", "jsonb"):
        await conn.set_type_codec(name, encoder=_json_text, decoder=orjson.loads, schema="pg_catalog")


def _json_text(value: object) -> str:
    return orjson.dumps(value, default=_json_value).decode()


def _json_value(value: object) -> str:
    """asyncpg's ids are a class of their own, which orjson does not know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON.")
