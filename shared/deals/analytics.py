"""What a funnel did in a period of whole days of the account's time zone."""

import asyncio
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from shared import accounts, funnels
from shared.db import Record, Transaction
from shared.deals import sql_analytics
from shared.deals.model import DealSource, DealStatus
from shared.deals.model_analytics import FunnelAnalytics, LossReasonCount, SourceCount, StageAnalytics
from shared.deals.walks import NOWHERE, WON, Passed, Step, passed
from shared.funnels import Stage, StageKind
from shared.money import Money, half_up


async def analytics(tx: Transaction, funnel_id: UUID, first: date, last: date) -> FunnelAnalytics:
    """From the first day to the last one, both included. The forecast is as of now."""
    zone = ZoneInfo((await accounts.get(tx)).time_zone)
    period = _begin(first, zone), _begin(last, zone, days=1)
    stages = (await funnels.stages(tx, [funnel_id]))[funnel_id]
    closed = await sql_analytics.select_closed(tx, funnel_id, *period)
    created = await sql_analytics.count_created(tx, funnel_id, *period)
    won = [row for row in closed if row["status"] == DealStatus.WON]
    lost = [row for row in closed if row["status"] == DealStatus.LOST]
    return FunnelAnalytics(
        sum(created.values()),
        _deals(won),
        _deals(lost),
        _value(won),
        sum(row["days"] for row in won) / _deals(won) if won else None,
        await _stages(tx, funnel_id, stages, *period),
        _reasons(lost),
        tuple(
            SourceCount(source, created.get(source, 0), count)
            for source in DealSource
            if (count := _deals(row for row in won if row["source"] == source)) or source in created
        ),
        await _forecast(tx, funnel_id, stages),
    )


def _begin(day: date, zone: ZoneInfo, days: int = 0) -> datetime:
    """The first moment of the day so many days later; of the last day there is, when there is none."""
    later = day + timedelta(days=days) if date.max - day > timedelta(days=days) else date.max
    return datetime.combine(max(later, date(1970, 1, 2)), time(), zone)


async def _stages(
    tx: Transaction, funnel_id: UUID, shown: Iterable[Stage], start: datetime, end: datetime
) -> tuple[StageAnalytics, ...]:
    known = await sql_analytics.select_steps(tx, funnel_id)
    stage_ids = [row["id"] for row in known]
    walks = await sql_analytics.select_walks(tx, funnel_id, start, end, stage_ids)
    hours = await sql_analytics.select_hours(tx, funnel_id, start, end, stage_ids)
    # In a thread: where no two deals went the same way, there are as many ways as deals.
    counted = await asyncio.to_thread(passed, [_step(row) for row in known], walks)
    by_id = dict(zip(stage_ids, counted, strict=True))
    return tuple(_stage(stage, by_id[stage.id], hours[stage.id]) for stage in shown)


def _step(row: Record) -> Step:
    kind = StageKind(row["kind"])
    if kind is StageKind.WON:
        return Step(None, WON)
    return Step(None, NOWHERE) if kind is StageKind.LOST else Step(row["place"], row["place"])


def _stage(stage: Stage, visits: Passed, hours: Record) -> StageAnalytics:
    return StageAnalytics(
        stage,
        visits.entered,
        visits.after["moved"],
        visits.after["won"],
        visits.after["lost"],
        visits.converted / visits.deals if visits.deals else None,
        hours["median_hours"],
        hours["average_hours"],
    )


def _reasons(lost: Iterable[Record]) -> tuple[LossReasonCount, ...]:
    """The most frequent one first."""
    by_reason: dict[UUID | None, list[Record]] = {}
    for row in lost:
        by_reason.setdefault(row["loss_reason_id"], []).append(row)
    counted = [LossReasonCount(reason, _deals(rows), _value(rows)) for reason, rows in by_reason.items()]
    return tuple(sorted(counted, key=lambda one: (-one.count, str(one.reason_id))))


async def _forecast(tx: Transaction, funnel_id: UUID, stages: Iterable[Stage]) -> tuple[Money, ...]:
    """What stands in open stages, each amount as likely as its stage says."""
    totals = await funnels.board_totals(tx, [funnel_id])
    hundredfold: dict[str, int] = {}
    for stage in stages:
        if stage.is_open and stage.id in totals:
            for money in totals[stage.id].value:
                weighed = money.minor * stage.probability
                hundredfold[money.currency] = hundredfold.get(money.currency, 0) + weighed
    return tuple(Money(half_up(hundredfold[code], 100), code) for code in sorted(hundredfold))


def _deals(rows: Iterable[Record]) -> int:
    return sum(row["deals"] for row in rows)


def _value(rows: Iterable[Record]) -> tuple[Money, ...]:
    value: dict[str, int] = {}
    for row in rows:
        if row["currency"] is not None:
            value[row["currency"]] = value.get(row["currency"], 0) + int(row["value"])
    return tuple(Money(value[code], code) for code in sorted(value))
