"""Funnels: what one is made of, who sees it, and what is refused."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from shared import events, funnels, ids
from shared.actor import SYSTEM, Permission
from shared.db import Database, Transaction
from shared.errors import InvalidInput, ModuleInactive
from shared.funnels import FunnelState, NewFunnel, StageKind, Total
from shared.funnels.model import even_probability
from shared.money import Money
from tests import make
from tests.shared.deals.refused import refused

BARE: dict[str, Any] = {"name": "Оренда", "viewer_ids": [], "stages": [], "loss_reasons": []}
STAGE = {"name": "Показ", "color": "#1A2B3C"}


def paths(problems: Any) -> list[str]:
    return [".".join(problem.path) for problem in problems]


# ─── what a client may write ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("language", "names", "reason"),
    [
        ("uk", ["Не опрацьовані звернення", "Успішно реалізовано", "Втрачено"], "Інше"),
        ("en", ["New requests", "Won", "Lost"], "Other"),
    ],
)
def test_what_is_built_in_is_there_by_itself(language: str, names: list[str], reason: str) -> None:
    new = NewFunnel.read(BARE, language)

    assert [stage.name for stage in new.stages] == names
    assert [stage.kind for stage in new.stages] == [StageKind.ENTRY, StageKind.WON, StageKind.LOST]
    assert [stage.probability for stage in new.stages] == [50, 100, 0]
    assert new.loss_reasons == (reason,)
    assert new.chosen == {}


def test_probabilities_rise_evenly_when_they_are_not_given() -> None:
    given = BARE | {"stages": [STAGE, STAGE | {"probability": 7}, STAGE]}

    assert [stage.probability for stage in NewFunnel.read(given, "uk").stages] == [20, 40, 7, 80, 100, 0]
    assert [even_probability(index, 2) for index in range(2)] == [33, 67]


def test_tells_everything_that_is_wrong() -> None:
    given = {
        "id": "mine",
        "name": "",
        "viewer_ids": [str(ids.new())] * 2,
        "entry": STAGE | {"requires_amount": True},
        "stages": [
            STAGE | {"color": "red", "probability": 101},
            STAGE | {"idle_after_days": 0},
            STAGE | {"name": "\ud800"},
        ],
        "loss_reasons": ["Дорого", " "],
    }

    with pytest.raises(InvalidInput) as refusal:
        NewFunnel.read(given, "uk")

    assert sorted(paths(refusal.value.problems)) == [
        "entry.requiresAmount",
        "id",
        "lossReasons.1",
        "name",
        "stages.0.color",
        "stages.0.probability",
        "stages.1.idleAfterDays",
        "stages.2.name",
        "viewerIds.1",
    ]


@pytest.mark.parametrize(("name", "most", "one"), [("stages", 50, STAGE), ("loss_reasons", 100, "Дорого")])
def test_lists_have_bounds(name: str, most: int, one: object) -> None:
    NewFunnel.read(BARE | {name: [one] * most}, "uk")

    with pytest.raises(InvalidInput):
        NewFunnel.read(BARE | {name: [one] * (most + 1)}, "uk")


def test_chosen_ids_differ() -> None:
    same = str(ids.new())

    with pytest.raises(InvalidInput) as refusal:
        NewFunnel.read(BARE | {"id": same, "stages": [STAGE, STAGE | {"id": same}]}, "uk")

    assert paths(refusal.value.problems) == ["stages.1.id"]


# ─── making one ──────────────────────────────────────────────────────────────────────────────────


async def test_a_new_funnel_has_an_empty_log_and_tells_nobody(tx: Transaction) -> None:
    tx.outgoing.clear()
    funnel = await make.funnel(tx, 2)

    place = await events.head(tx, funnel.id)
    assert place is not None
    assert (place.seq, tx.outgoing) == (0, [])
    assert [stage.name for stage in funnel.stages][1:3] == ["Етап 1", "Етап 2"]
    assert [reason.name for reason in funnel.loss_reasons] == ["Дорого", "Передумали"]
    assert await funnels.board_totals(tx, [funnel.id]) == {}


async def test_needs_the_module(tx: Transaction) -> None:
    await make.module(tx, usable_until=date(2020, 1, 1))

    async with refused(tx, ModuleInactive):
        await funnels.create(tx, NewFunnel.read(BARE | {"viewer_ids": [str(ids.new())]}, "uk"))


async def test_viewers_must_be_active_users(tx: Transaction) -> None:
    viewers = [await make.user(tx), await make.user(tx, active=False)]
    given = BARE | {"viewer_ids": [*(str(viewer.id) for viewer in viewers), "nobody"]}

    async with refused(tx, InvalidInput) as refusal:
        await funnels.create(tx, NewFunnel.read(given, "uk"))

    assert paths(refusal.problems) == ["viewerIds.1", "viewerIds.2"]


async def test_what_it_was_made_as_is_kept(tx: Transaction) -> None:
    viewer = await make.user(tx)
    made = await make.funnel(tx, 1, viewers=[viewer], requires_amount=[0], idle_after_days=3)
    funnel = await funnels.require_visible(tx, made.id)

    origin = await funnels.origin(tx, made.id)

    assert origin == await funnels.state(tx, funnel)
    assert origin == FunnelState("Оренда", False, tuple(made.stages), tuple(made.loss_reasons), (viewer.id,))


async def test_chosen_ids_must_be_free(tx: Transaction) -> None:
    earlier = await make.funnel(tx)
    given = BARE | {"id": str(earlier.entry.id), "stages": [STAGE | {"id": str(earlier.id)}]}

    async with refused(tx, InvalidInput) as refusal:
        await funnels.create(tx, NewFunnel.read(given, "uk"))

    assert paths(refusal.problems) == ["id", "stages.0.id"]


async def test_the_same_id_may_be_chosen_in_another_account(db: Database, tx: Transaction) -> None:
    funnel, other = await make.funnel(tx), await make.account(db)
    async with db.transaction(other.id) as theirs:
        made = await funnels.create(theirs, replace(NewFunnel.read(BARE, "uk"), id=funnel.id))
        assert made.id == funnel.id


# ─── who sees it ─────────────────────────────────────────────────────────────────────────────────


async def test_a_funnel_is_seen_by_its_viewers_and_by_who_manages_funnels(tx: Transaction) -> None:
    viewer, stranger, manager = [await make.user(tx, name) for name in ("Тарас", "Чужий", "Голова")]
    funnel = await make.funnel(tx, viewers=[viewer])
    everything = [permission for permission in Permission if permission is not Permission.FUNNELS_MANAGE]

    async def sees(actor: Any) -> bool:
        tx.actor = actor
        assert (await funnels.find(tx, funnel.id) is not None) is await funnels.seen_by(tx, actor, funnel.id)
        assert len((await funnels.page(tx))[0].funnels) == await funnels.count(tx)
        return await funnels.count(tx) == 1

    assert await sees(make.actor(viewer))
    assert not await sees(make.actor(stranger, *everything))
    assert await sees(make.actor(manager, Permission.FUNNELS_MANAGE))
    assert await sees(SYSTEM)


async def test_pages_go_by_name_and_then_by_id(tx: Transaction) -> None:
    for name in ("b", "A", "c", "a"):
        await make.funnel(tx, 0, name=name)
    first, places = await funnels.page(tx, first=3)
    rest, _ = await funnels.page(tx, first=3, after=places[-1])

    assert ([one.name for one in first.funnels], first.has_more) == (["A", "a", "b"], True)
    assert ([one.name for one in rest.funnels], rest.has_more) == (["c"], False)
    assert (await funnels.count(tx), await funnels.count(tx, "A")) == (4, 2)
    found, _ = await funnels.page(tx, search="A")
    assert [one.name for one in found.funnels] == ["A", "a"]


async def test_names_stand_in_the_order_of_the_ukrainian_alphabet(tx: Transaction) -> None:
    names = ["Avon", "ґанок", "Гараж", "єнот", "Ера", "Їжак", "Йод", "інше", "Юрта", "Яр"]
    for name in sorted(names):
        await make.funnel(tx, 0, name=name)

    page, _ = await funnels.page(tx)

    expected = ["Avon", "Гараж", "ґанок", "Ера", "єнот", "інше", "Їжак", "Йод", "Юрта", "Яр"]
    assert [funnel.name for funnel in page.funnels] == expected
    found, _ = await funnels.page(tx, search="ҐАН")
    assert [funnel.name for funnel in found.funnels] == ["ґанок"]


async def test_viewers_stand_in_the_order_of_the_ukrainian_alphabet(tx: Transaction) -> None:
    people = [await make.user(tx, name) for name in ("Яна", "Ґеля", "Ганна", "Ірина")]
    funnel = await make.funnel(tx, viewers=people)

    assert (await funnels.viewer_ids(tx, [funnel.id]))[funnel.id] == [people[i].id for i in (2, 1, 3, 0)]


async def test_counts_what_stands_in_a_stage(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    for amount in (None, Money(5, "UAH"), Money(0, "USD"), Money(10**15 - 1, "UAH")):
        await make.deal(tx, funnel, amount=amount)

    assert await funnels.board_totals(tx, [funnel.id]) == {
        funnel.entry.id: Total(4, (Money(10**15 + 4, "UAH"), Money(0, "USD")))
    }
