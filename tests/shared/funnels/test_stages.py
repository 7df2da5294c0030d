"""A funnel's own stages are made, changed and moved; entry, won and lost keep their places."""

from typing import Any

import pytest

from shared import funnels, ids
from shared.db import Transaction
from shared.errors import InvalidInput, NotAllowedNow, NotFound
from shared.funnels import Stage, StageChanges, StageCreation, StageKind, StageMove
from shared.funnels.model import probability_between
from shared.spots import ON_TOP, Spot, SpotKind
from tests import make
from tests.shared.deals.refused import refused
from tests.shared.funnels.told import tells_nothing, tells_once, told

STAGE = {"name": "Показ", "color": "#1A2B3C"}
BOTTOM = Spot(SpotKind.BOTTOM)


def creation(funnel: make.Funnel, place: Any = None, **stage: Any) -> StageCreation:
    return StageCreation.read({"funnel_id": str(funnel.id), "stage": STAGE | stage, "place": place})


def paths(problems: Any) -> list[str]:
    return [".".join(problem.path) for problem in problems]


async def names(tx: Transaction, funnel: make.Funnel) -> list[str]:
    """Of the own stages, in their order."""
    return [stage.name for stage in (await make.read_funnel(tx, funnel.id)).own]


def after(stage: Stage) -> Spot:
    return Spot(SpotKind.AFTER, stage.id)


def before(stage: Stage) -> Spot:
    return Spot(SpotKind.BEFORE, stage.id)


# ─── what a client may write ─────────────────────────────────────────────────────────────────────


def test_tells_everything_that_is_wrong_with_a_new_stage() -> None:
    stage = {"id": "mine", "name": " ", "color": "red", "probability": -1, "idle_after_days": 3_651}

    with pytest.raises(InvalidInput) as refusal:
        StageCreation.read({"funnel_id": "x", "stage": stage, "place": {"top": False}})

    assert paths(refusal.value.problems) == [
        "stage.id",
        "stage.name",
        "stage.color",
        "stage.probability",
        "stage.idleAfterDays",
        "place",
    ]


def test_null_clears_the_idle_days_only() -> None:
    given = dict.fromkeys(("name", "color", "probability", "idle_after_days", "requires_amount"))

    with pytest.raises(InvalidInput) as refusal:
        StageChanges.read({"id": str(ids.new()), **given})

    assert paths(refusal.value.problems) == ["name", "color", "probability", "requiresAmount"]
    assert StageChanges.read({"id": "x", "idle_after_days": None}).fields == {"idle_after_days": None}


@pytest.mark.parametrize(("before", "after", "between"), [(20, 40, 30), (50, 100, 75), (33, 100, 67), (80, 10, 45)])
def test_a_new_stage_is_as_likely_as_the_middle_of_its_neighbours(before: int, after: int, between: int) -> None:
    assert probability_between(before, after) == between


# ─── made ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_new_stage_is_the_last_of_the_own_ones(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 1)
    tx.outgoing.clear()

    made = await funnels.create_stage(tx, creation(funnel, idle_after_days=3, requires_amount=True))

    now = await make.read_funnel(tx, funnel.id)
    assert [stage.id for stage in now.stages] == [
        funnel.entry.id, funnel.own[0].id, made.stage.id, funnel.won.id, funnel.lost.id
    ]  # fmt: skip
    assert now.own[1] == made.stage
    assert made.stage == Stage(
        made.stage.id, funnel.id, StageKind.PROGRESS, "Показ", "#1A2B3C", 84, 3, requires_amount=True
    )  # between 67 and 100
    await tells_once(tx, made.changed, "stages")


async def test_a_new_stage_stands_where_it_is_said(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 2)
    first, second = funnel.own
    for name, place in (
        ("а", {"top": True}),
        ("б", {"after": str(first.id)}),
        ("в", {"before": str(second.id)}),
        ("г", {"bottom": True}),
    ):
        await funnels.create_stage(tx, creation(funnel, place, name=name, probability=7))

    assert await names(tx, funnel) == ["а", "Етап 1", "б", "в", "Етап 2", "г"]
    assert [stage.probability for stage in (await make.read_funnel(tx, funnel.id)).own] == [7, 50, 7, 7, 75, 7]


async def test_the_first_own_stage_is_between_the_entry_and_won(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 0)

    made = await funnels.create_stage(tx, creation(funnel, {"top": True}))

    assert made.stage.probability == 75
    assert await names(tx, funnel) == ["Показ"]


async def test_a_new_stage_stands_next_to_own_stages_of_its_funnel_only(tx: Transaction) -> None:
    funnel, other = await make.funnel(tx), await make.funnel(tx)

    for neighbour in (funnel.entry, funnel.won, funnel.lost, other.own[0]):
        for kind in ("after", "before"):
            async with refused(tx, InvalidInput) as refusal:
                await funnels.create_stage(tx, creation(funnel, {kind: str(neighbour.id)}))
            assert paths(refusal.problems) == [f"place.{kind}"]


async def test_a_chosen_id_must_be_free(tx: Transaction) -> None:
    funnel, chosen = await make.funnel(tx), ids.new()

    async with refused(tx, InvalidInput) as refusal:
        await funnels.create_stage(tx, creation(funnel, id=str(funnel.own[0].id)))
    assert paths(refusal.problems) == ["stage.id"]
    assert (await funnels.create_stage(tx, creation(funnel, id=str(chosen)))).stage.id == chosen


async def test_a_funnel_has_at_most_50_own_stages(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 49)
    await funnels.create_stage(tx, creation(funnel))

    async with refused(tx, InvalidInput) as refusal:
        await funnels.create_stage(tx, creation(funnel))

    assert paths(refusal.problems) == ["funnelId"]


async def test_a_key_is_answered_with_the_stage_as_it_is_now(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    made = await funnels.create_stage(tx, creation(funnel))
    renamed = await funnels.update_stage(tx, StageChanges(made.stage.id, {"name": "Огляд"}))

    again = await funnels.recall_stage(tx, made.kept)

    assert again.stage == renamed.stage
    assert again.changed == funnels.Changed(renamed.changed.funnel, made.changed.place)


# ─── changed ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_stage_changes_in_what_is_given(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 1, idle_after_days=5)
    tx.outgoing.clear()
    fields = {"name": "Огляд", "color": "#ABCDEF", "probability": 9, "idle_after_days": None, "requires_amount": True}

    changed = await funnels.update_stage(tx, StageChanges(funnel.own[0].id, fields))

    now = (await make.read_funnel(tx, funnel.id)).own[0]
    assert now == changed.stage
    assert {name: getattr(now, name) for name in fields} == fields
    await tells_once(tx, changed.changed, "stages")


async def test_what_is_built_in_has_another_name_and_color(tx: Transaction) -> None:
    funnel = await make.funnel(tx)

    for stage in (funnel.entry, funnel.won, funnel.lost):
        fields = {"name": "Інакше", "color": "#010203", "probability": stage.probability, "requires_amount": False}
        changed = await funnels.update_stage(tx, StageChanges(stage.id, fields))
        assert (changed.stage.name, changed.stage.color) == ("Інакше", "#010203")

    assert [stage.name for stage in (await make.read_funnel(tx, funnel.id)).stages] == [
        "Інакше", "Етап 1", "Етап 2", "Етап 3", "Інакше", "Інакше"
    ]  # fmt: skip


async def test_what_is_as_it_was_is_no_change(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    tx.outgoing.clear()
    stage = funnel.own[0]

    same = await funnels.update_stage(tx, StageChanges(stage.id, {"name": stage.name, "idle_after_days": None}))

    assert same.stage == stage
    await tells_nothing(tx, same.changed)


@pytest.mark.parametrize(
    ("kind", "fields", "path"),
    [
        (StageKind.WON, {"probability": 99}, "probability"),
        (StageKind.LOST, {"probability": 1}, "probability"),
        (StageKind.ENTRY, {"requires_amount": True}, "requiresAmount"),
    ],
)
async def test_what_is_built_in_keeps_its_meaning(
    tx: Transaction, kind: StageKind, fields: dict[str, Any], path: str
) -> None:
    funnel = await make.funnel(tx)
    stage = next(stage for stage in funnel.stages if stage.kind is kind)

    async with refused(tx, InvalidInput) as refusal:
        await funnels.update_stage(tx, StageChanges(stage.id, {"name": "Інакше"} | fields))

    assert paths(refusal.problems) == [path]


# ─── moved ───────────────────────────────────────────────────────────────────────────────────────


async def test_own_stages_change_places(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 4)
    one, two, three, four = funnel.own
    tx.outgoing.clear()

    moved = await funnels.move_stage(tx, StageMove(four.id, ON_TOP))
    await tells_once(tx, moved, "stages")
    await funnels.move_stage(tx, StageMove(one.id, BOTTOM))
    await funnels.move_stage(tx, StageMove(two.id, after(three)))
    await funnels.move_stage(tx, StageMove(four.id, before(one)))

    now = await make.read_funnel(tx, funnel.id)
    assert now.own == [three, two, four, one]
    assert now.stages == [funnel.entry, *now.own, funnel.won, funnel.lost]
    assert [event.payload["changed"] for event in await told(tx, funnel.id)] == [["stages"]] * 4


async def test_a_stage_that_stands_there_already_does_not_move(tx: Transaction) -> None:
    funnel = await make.funnel(tx, 3)
    one, two, three = funnel.own
    tx.outgoing.clear()

    for stage, spot in ((one, ON_TOP), (three, BOTTOM), (two, after(one)), (two, before(three))):
        await tells_nothing(tx, await funnels.move_stage(tx, StageMove(stage.id, spot)))


async def test_what_is_built_in_does_not_move(tx: Transaction) -> None:
    funnel = await make.funnel(tx)

    for stage in (funnel.entry, funnel.won, funnel.lost):
        async with refused(tx, NotAllowedNow) as refusal:
            await funnels.move_stage(tx, StageMove(stage.id, after(funnel.own[0])))
        assert refusal.reason == "BUILT_IN_STAGE"


async def test_no_stage_moves_next_to_itself_or_to_what_is_no_own_stage_of_the_funnel(tx: Transaction) -> None:
    funnel, other = await make.funnel(tx), await make.funnel(tx)
    stage = funnel.own[0]

    for neighbour in (stage, funnel.entry, funnel.won, funnel.lost, other.own[0]):
        async with refused(tx, InvalidInput) as refusal:
            await funnels.move_stage(tx, StageMove(stage.id, before(neighbour)))
        assert paths(refusal.problems) == ["place.before"]


async def test_a_stage_that_is_not_there_is_not_found(tx: Transaction) -> None:
    missing = ids.new()

    async with refused(tx, NotFound) as refusal:
        await funnels.update_stage(tx, StageChanges(missing, {"name": "Огляд"}))
    assert refusal.id == missing
    async with refused(tx, NotFound):
        await funnels.move_stage(tx, StageMove(missing, ON_TOP))
    async with refused(tx, NotFound) as refusal:
        await funnels.create_stage(tx, StageCreation.read({"funnel_id": str(missing), "stage": STAGE}))
    assert refusal.id == missing
