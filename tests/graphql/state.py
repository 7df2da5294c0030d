"""Everything that the database holds of an account, told apart from what it held before."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

State = Mapping[str, Any]  # by table: how many rows, and what they come to


@dataclass(frozen=True)
class Books:
    """Reads all tables that have rows of accounts, past every policy."""

    conn: asyncpg.Connection
    tables: Sequence[tuple[str, str]]  # and the column that says whose a row is

    @classmethod
    @asynccontextmanager
    async def open(cls, dsn: str) -> AsyncIterator["Books"]:
        conn = await asyncpg.connect(dsn)
        rows = await conn.fetch(
            """SELECT table_name, column_name
                 FROM information_schema.columns
                 JOIN information_schema.tables USING (table_catalog, table_schema, table_name)
                WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
                  AND (column_name = 'account_id' OR (table_name, column_name) = ('accounts', 'id'))
             ORDER BY table_name"""
        )
        try:
            yield cls(conn, [(row["table_name"], row["column_name"]) for row in rows])
        finally:
            await conn.close()

    async def of(self, account_id: str) -> State:
        """What the account holds now. Equal states are equal, row for row."""
        each = " UNION ALL ".join(
            f"SELECT '{table}' AS of_table, count(*) AS rows, sum(hashtextextended(t::text, 0)) AS hash"
            f" FROM {table} t WHERE {column} = $1"
            for table, column in self.tables
        )
        return {row["of_table"]: (row["rows"], row["hash"]) for row in await self.conn.fetch(each, account_id)}

    async def count_accounts(self) -> int:
        count: int = await self.conn.fetchval("SELECT count(*) FROM accounts")
        return count


def changed(before: State, after: State) -> list[str]:
    """Tables that do not hold what they held."""
    return [table for table, held in after.items() if before[table] != held]
