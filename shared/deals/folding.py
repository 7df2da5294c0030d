"""A board folded from its log: what it was at any place of it. Plain JSON, as events hold it.

Events are facts: nothing is asked of the database. Archived deals are left out: an event that restores one holds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from shared.events import Recorded


@dataclass
class FoldedBoard:
    """`funnel`: its facts; `columns`: ids of deals in board order by stage; `deals`: by id."""

    seq: int
    funnel: Mapping[str, Any]
    columns: dict[str, list[str]] = field(default_factory=dict)
    deals: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def begun(cls, funnel: Mapping[str, Any]) -> Self:
        """As the funnel was made, before its first event."""
        return cls(0, funnel, {stage["id"]: [] for stage in funnel["stages"]})

    @classmethod
    def from_json(cls, seq: int, kept: Mapping[str, Any]) -> Self:
        return cls(seq, kept["funnel"], kept["columns"], kept["deals"])

    def to_json(self) -> dict[str, Any]:
        return {"funnel": self.funnel, "columns": self.columns, "deals": self.deals}

    def fold(self, events: Iterable[Recorded]) -> None:
        """Go on in the log. Each event must be the next one."""
        for event in events:
            if event.seq != self.seq + 1:
                raise ValueError(f"After event {self.seq} of a log comes {event.seq}.")
            self.seq = event.seq
            if event.kind == "FunnelChanged":
                self._arrange(event)
            elif event.kind == "DealsImported":
                self._put_on_top(event.payload["deals"])
            else:
                self._change(event.kind, event.payload)

    def _arrange(self, event: Recorded) -> None:
        if event.version < 2:  # only viewers could change, which no board shows
            return
        self.funnel = event.payload["funnel"]
        self.columns = {stage["id"]: self.columns.get(stage["id"], []) for stage in self.funnel["stages"]}

    def _put_on_top(self, deals: Sequence[Mapping[str, Any]]) -> None:
        """All of one stage, the first one topmost."""
        self.deals |= {deal["id"]: deal for deal in deals}
        self.columns[deals[0]["stageId"]][:0] = [deal["id"] for deal in deals]

    def _change(self, kind: str, payload: Mapping[str, Any]) -> None:
        deal = payload["deal"]
        if kind == "DealUpdated":
            self.deals[deal["id"]] = deal
            return
        before = self.deals.pop(deal["id"], None)
        if before is not None:
            self.columns[before["stageId"]].remove(deal["id"])
        if kind != "DealArchived":
            column, above = self.columns[deal["stageId"]], payload["placedAfter"]
            column.insert(0 if above is None else column.index(above) + 1, deal["id"])
            self.deals[deal["id"]] = deal
