"""SQL of what a write must know of a funnel that it holds: who sees it, its stages, what stands in them.

It is one row, so that it can be asked for beside the deals that are written (`HELD`, `held_of`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg.pgproto import pgproto

from shared import accounts
from shared.db import Record, Transaction
from shared.funnels.model import Funnel, Stage, Tally
from shared.funnels.rows import stages_of
from shared.funnels.sql import VISIBLE
from shared.funnels.sql_stages import BOARD_ORDER

MODULE = "sales_funnel"

# Columns about the funnel `f`. $1 is the account, $2 the user whose view it is, or null for whoever sees all.
HELD = f"""f.id AS held_id, f.name AS held_name, f.archived AS held_archived, f.created_at AS held_created_at,
           f.updated_at AS held_updated_at, f.version AS held_version,
           {VISIBLE} AS held_seen,
           {accounts.module_is_usable(f"'{MODULE}'")} AS held_usable,
           (SELECT json_agg(json_build_array(s.id, s.kind, s.name, s.color, s.probability, s.idle_after_days,
                                             s.requires_amount) ORDER BY {BOARD_ORDER})
              FROM stages s
             WHERE s.account_id = $1 AND s.funnel_id = f.id AND NOT s.deleted) AS held_stages,
           (SELECT json_agg(json_build_array(t.stage_id, t.currency, t.deals, t.value::text))
              FROM stage_totals t
             WHERE t.account_id = $1 AND t.funnel_id = f.id) AS held_counters"""


@dataclass(frozen=True, slots=True)
class Held:
    """A funnel under its lock. `stages` by id in the order of the board; `tallies` by stage, where anything stood."""

    funnel: Funnel
    seen: bool
    usable: bool
    stages: dict[UUID, Stage]
    tallies: dict[UUID, Tally]


async def select_held(tx: Transaction, funnel_ids: Sequence[UUID], viewer_id: UUID | None) -> dict[UUID, Held]:
    """`viewer_id`: whose view it is; None sees all."""
    rows = await tx.fetch(
        f"SELECT {HELD} FROM funnels f WHERE f.account_id = $1 AND f.id = ANY($3::uuid[])",
        tx.account_id,
        viewer_id,
        list(funnel_ids),
    )
    return {row["held_id"]: held_of(row) for row in rows}


def held_of(row: Record) -> Held:
    """From a row with the columns of HELD."""
    funnel_id: UUID = row["held_id"]
    # Ids are read as asyncpg reads them: ten times sooner than Python's own class does.
    funnel = Funnel(
        funnel_id,
        row["held_name"],
        row["held_archived"],
        row["held_created_at"],
        row["held_updated_at"],
        row["held_version"],
    )
    stages = stages_of((pgproto.UUID(id), funnel_id, *stage, False) for id, *stage in row["held_stages"] or ())
    counters: dict[UUID, dict[str, tuple[int, int]]] = {}
    for stage_id, currency, deals, value in row["held_counters"] or ():
        counters.setdefault(pgproto.UUID(stage_id), {})[currency] = deals, int(value)
    return Held(
        funnel,
        row["held_seen"],
        bool(row["held_usable"]),
        {stage.id: stage for stage in stages},
        {stage_id: Tally(of_stage) for stage_id, of_stage in counters.items()},
    )
