"""What the agency's people did over three months: steps in the order of time. The same dice tell the same story."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from services.local.demo.agency import (
    BY_HAND,
    CURRENCY,
    DISTRICTS,
    FIRST_NAMES,
    LAST_NAMES,
    NOTES,
    PHONE_PREFIXES,
    TIME_ZONE,
    Person,
    Trade,
)
from shared.actor import Actor
from shared.deals import Changes, Contact, Move, NewDeal, Origin, Spot, SpotKind
from shared.funnels import LossReason, Stage, StageKind
from shared.money import Money

LENGTH = timedelta(days=92)
OPENS, CLOSES, SUNDAY = 9, 19, 6
LOST = 0.085  # of the deals that leave a stage
FORGOTTEN = 0.035  # of those that enter one: nobody moves them any more
SKIPPED = 0.25  # of the stages: a deal goes past them at once
ENTRY_DAYS = 0.4
ROUND = 500  # hryvnias: nobody writes down less


@dataclass(frozen=True, slots=True)
class Opening:
    new: NewDeal
    origin: Origin


@dataclass(frozen=True, slots=True)
class Deed:
    at: datetime
    by: Actor
    what: Opening | Move | Changes


@dataclass(frozen=True, slots=True)
class Scene:
    """A funnel as it was made: the open stages in order, and where deals end."""

    trade: Trade
    open: Sequence[Stage]
    won: Stage
    lost: Stage
    reasons: Sequence[LossReason]

    @classmethod
    def of(cls, trade: Trade, stages: Sequence[Stage], reasons: Sequence[LossReason]) -> "Scene":
        closed = {stage.kind: stage for stage in stages if not stage.is_open}
        still_open = [stage for stage in stages if stage.is_open]
        return cls(trade, still_open, closed[StageKind.WON], closed[StageKind.LOST], reasons)


def tell(scenes: Sequence[Scene], began: datetime, now: datetime, dice: Random) -> list[Deed]:
    """All that happened after `began` and before `now`."""
    deeds = [deed for scene in scenes for deed in _trade(scene, began, now, dice)]
    return sorted((deed for deed in deeds if deed.at < now), key=lambda deed: deed.at)


def _trade(scene: Scene, began: datetime, now: datetime, dice: Random) -> Iterator[Deed]:
    for number in range(scene.trade.deals):
        came = began + (now - began) * ((number + dice.random()) / scene.trade.deals)
        yield from _deal(scene, came, now, dice)


def _deal(scene: Scene, came: datetime, now: datetime, dice: Random) -> Iterator[Deed]:
    """From the first call to the end, or until now: whatever would come later is left out."""
    at = made = _at_work(came, dice)
    person, channel = dice.choice(scene.trade.people), dice.choice(scene.trade.channels)
    offer = dice.choice(scene.trade.offers)
    worth = Money(dice.randrange(offer.least, offer.most, ROUND) * 100, CURRENCY)
    known = channel is BY_HAND  # who writes a request down also asks for the price
    new = NewDeal(
        id=id_at(at, dice),
        funnel_id=scene.trade.funnel_id,
        title=f"{offer.title}, {dice.choice(DISTRICTS)}",
        contact=Contact(f"{dice.choice(FIRST_NAMES)} {dice.choice(LAST_NAMES)}", _phone(dice)),
        assignee_id=person.id,
        amount=worth if known else None,
        expected_close_on=(at + timedelta(days=dice.randrange(14, 45))).date() if known else None,
    )
    yield Deed(at, channel.actor or person.actor, Opening(new, channel.origin))

    days = [ENTRY_DAYS, *(step.days for step in scene.trade.steps)]
    targets = [*scene.open[1:], scene.won]
    for index, target in enumerate(targets):
        if target.is_open and not target.requires_amount and dice.random() < SKIPPED:
            continue
        if dice.random() < FORGOTTEN:
            break
        at = _later(at, days[index], dice)
        if dice.random() < LOST:
            reason = dice.choice(scene.reasons)
            lost = Move(new.id, scene.lost.id, loss_reason_id=reason.id, loss_note=dice.choice(NOTES))
            yield Deed(at, person.actor, lost)
            return
        amount = worth if not known and index >= 1 else None
        known = known or amount is not None
        yield Deed(at, person.actor, Move(new.id, target.id, _spot(dice), amount=amount))
        if at >= now:
            break
    else:
        return
    yield from _look_ahead(new.id, person, made, now, dice)


def _look_ahead(deal_id: UUID, person: Person, made: datetime, now: datetime, dice: Random) -> Iterator[Deed]:
    """Whoever has an open deal says in these days when it will be closed, some of them too hopefully."""
    at = max(_at_work(now - timedelta(days=dice.uniform(1, 3)), dice), made + timedelta(minutes=dice.randrange(5, 60)))
    expected = (now + timedelta(days=dice.randrange(-6, 25))).date()
    yield Deed(at, person.actor, Changes(deal_id, {"expected_close_on": expected}))


def _spot(dice: Random) -> Spot:
    return Spot(SpotKind.TOP if dice.random() < 0.7 else SpotKind.BOTTOM)


def _later(at: datetime, days: float, dice: Random) -> datetime:
    pause = timedelta(days=min(dice.expovariate(1 / days), days * 4))
    return max(_at_work(at + pause, dice), at + timedelta(minutes=dice.randrange(3, 40)))


def _at_work(moment: datetime, dice: Random) -> datetime:
    """That moment, or soon after the doors open again: nobody works at night or on Sundays."""
    local = moment.astimezone(ZoneInfo(TIME_ZONE))
    if local.weekday() != SUNDAY and OPENS <= local.hour < CLOSES:
        return moment
    day = local.date() + timedelta(days=1 if local.hour >= CLOSES else 0)
    if day.weekday() == SUNDAY:
        day += timedelta(days=1)
    opened = datetime.combine(day, time(OPENS), local.tzinfo).astimezone(moment.tzinfo)
    return opened + timedelta(seconds=dice.randrange(2 * 3_600))


def _phone(dice: Random) -> str:
    """Of the blocks that begin with 000, which no operator gives to anyone."""
    return f"+380{dice.choice(PHONE_PREFIXES)}000{dice.randrange(10_000):04}"


def id_at(at: datetime, dice: Random) -> UUID:
    """A UUID of version 7 as it would have been made at that time."""
    milliseconds = int(at.timestamp() * 1_000)
    return UUID(
        int=milliseconds << 80 | 0x7 << 76 | dice.getrandbits(12) << 64 | 0b10 << 62 | dice.getrandbits(62),
    )
