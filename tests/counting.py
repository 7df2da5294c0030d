"""A transaction that counts the deals that PostgreSQL looks at for what is read in it."""

from collections.abc import Mapping
from typing import Any

from shared.db import Transaction


class Counting(Transaction):
    """`touched`: how many deals its reads have looked at, whether they were shown or not."""

    touched = 0

    async def fetch(self, query: str, *args: object) -> list[Any]:
        ((plan,),) = await self.conn.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *args)
        self.touched += _touched(plan[0]["Plan"])
        return await super().fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> Any:
        return (await self.fetch(query, *args))[0]

    async def fetchval(self, query: str, *args: object) -> Any:
        return (await self.fetchrow(query, *args))[0]


def _touched(node: Mapping[str, Any]) -> int:
    own = 0
    if node.get("Relation Name") == "deals" and node["Node Type"] != "Bitmap Heap Scan":  # its index was counted
        left_out = node.get("Rows Removed by Filter", 0)
        own = round((node["Actual Rows"] + left_out) * node["Actual Loops"])
    if node["Node Type"] == "Bitmap Index Scan" and node["Index Name"].startswith("deals_"):
        own = round(node["Actual Rows"] * node["Actual Loops"])
    return own + sum(_touched(inner) for inner in node.get("Plans", ()))
