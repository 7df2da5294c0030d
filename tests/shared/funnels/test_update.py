"""A funnel's name and viewers; putting it away and bringing it back."""

from datetime import date

import pytest

from shared import deals, funnels, ids
from shared.actor import Permission
from shared.db import Transaction
from shared.errors import InvalidInput, ModuleInactive, NotFound, StaleFunnel
from shared.funnels import FunnelChanges
from tests import make
from tests.shared.deals.refused import refused
from tests.shared.funnels.told import tells_nothing, tells_once, told


def paths(problems: object) -> list[str]:
    assert isinstance(problems, tuple)
    return [".".join(problem.path) for problem in problems]


# ─── what a client may write ─────────────────────────────────────────────────────────────────────


def test_null_clears_neither_the_name_nor_the_viewers() -> None:
    with pytest.raises(InvalidInput) as refusal:
        FunnelChanges.read({"id": str(ids.new()), "name": None, "viewer_ids": None})

    assert paths(refusal.value.problems) == ["name", "viewerIds"]


def test_at_most_200_different_viewers() -> None:
    many = [str(ids.new()) for _ in range(201)]

    with pytest.raises(InvalidInput) as refusal:
        FunnelChanges.read({"id": str(ids.new()), "viewer_ids": [*many, many[0]]})

    assert paths(refusal.value.problems) == ["viewerIds", "viewerIds.201"]


# ─── name and viewers ────────────────────────────────────────────────────────────────────────────


async def test_what_changes_is_told_in_one_event(tx: Transaction) -> None:
    anna, bohdan = await make.user(tx, "Анна"), await make.user(tx, "Богдан")
    funnel = await make.funnel(tx, viewers=[anna])
    tx.outgoing.clear()

    changed = await funnels.update(tx, FunnelChanges(funnel.id, "Продаж", (bohdan.id,), expected_version=1))

    assert (changed.funnel.name, changed.funnel.version, changed.place.seq) == ("Продаж", 2, 1)
    assert await funnels.viewer_ids(tx, [funnel.id]) == {funnel.id: [bohdan.id]}
    await tells_once(tx, changed, "name", "viewers")


async def test_what_is_not_given_stays(tx: Transaction) -> None:
    anna = await make.user(tx, "Анна")
    funnel = await make.funnel(tx, viewers=[anna])
    tx.outgoing.clear()

    changed = await funnels.update(tx, FunnelChanges(funnel.id, "Продаж"))

    assert await funnels.viewer_ids(tx, [funnel.id]) == {funnel.id: [anna.id]}
    await tells_once(tx, changed, "name")


async def test_what_is_as_it_was_is_no_change(tx: Transaction) -> None:
    people = [await make.user(tx, name) for name in ("Анна", "Богдан")]
    funnel = await make.funnel(tx, viewers=people)
    tx.outgoing.clear()

    same = FunnelChanges(funnel.id, "Оренда", (people[1].id, people[0].id))

    await tells_nothing(tx, await funnels.update(tx, same))


async def test_nobody_may_be_left_who_sees_it(tx: Transaction) -> None:
    viewer = await make.user(tx)
    funnel = await make.funnel(tx, viewers=[viewer])

    await funnels.update(tx, FunnelChanges(funnel.id, viewer_ids=()))

    assert not await funnels.seen_by(tx, make.actor(viewer, Permission.DEALS_WRITE), funnel.id)


async def test_refuses_a_stale_hand(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await funnels.update(tx, FunnelChanges(funnel.id, "Продаж"))

    async with refused(tx, StaleFunnel) as refusal:
        await funnels.update(tx, FunnelChanges(funnel.id, "Обмін", (ids.new(),), expected_version=1))

    assert refusal.funnel_id == funnel.id


async def test_refuses_viewers_who_are_no_active_users(tx: Transaction) -> None:
    funnel, gone = await make.funnel(tx), await make.user(tx, active=False)

    async with refused(tx, InvalidInput) as refusal:
        await funnels.update(tx, FunnelChanges(funnel.id, viewer_ids=(gone.id, ids.new())))

    assert paths(refusal.problems) == ["viewerIds.0", "viewerIds.1"]


async def test_refuses_what_is_not_there_before_all_else(tx: Transaction) -> None:
    funnel, somebody = await make.funnel(tx), await make.user(tx)
    await make.module(tx, usable_until=date(2020, 1, 1))

    async with refused(tx, NotFound):
        await funnels.update(tx, FunnelChanges(ids.new(), "Продаж"))
    async with refused(tx, ModuleInactive):
        await funnels.update(tx, FunnelChanges(funnel.id, "Продаж", expected_version=7))
    tx.actor = make.actor(somebody, Permission.DEALS_WRITE)
    async with refused(tx, NotFound):
        await funnels.update(tx, FunnelChanges(funnel.id, "Продаж"))


async def test_a_key_is_answered_with_the_funnel_as_it_is_now(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    first = await funnels.update(tx, FunnelChanges(funnel.id, "Продаж"))
    second = await funnels.update(tx, FunnelChanges(funnel.id, "Обмін"))

    assert await funnels.recall(tx, first.kept) == funnels.Changed(second.funnel, first.place)


# ─── the archive ─────────────────────────────────────────────────────────────────────────────────


async def test_an_archived_funnel_is_read_and_not_changed(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    deal = await make.deal(tx, funnel)
    tx.outgoing.clear()

    archived = await funnels.archive(tx, funnel.id, archived=True)

    assert archived.funnel.archived
    await tells_once(tx, archived, "archived")
    assert await funnels.count(tx) == 0
    assert (await funnels.page(tx, archived=True))[0].funnels == [archived.funnel]
    assert await deals.find(tx, deal.id) == deal
    async with refused(tx, NotFound) as refusal:
        await funnels.update(tx, FunnelChanges(funnel.id, "Продаж"))
    assert refusal.id == funnel.id
    async with refused(tx, NotFound) as refusal:
        await funnels.update_stage(tx, funnels.StageChanges(funnel.entry.id, {"name": "Нові"}))
    assert refusal.id == funnel.entry.id
    async with refused(tx, NotFound):
        await make.deal(tx, funnel)
    async with refused(tx, NotFound):
        await deals.move(tx, deals.Move(deal.id, funnel.won.id))


async def test_an_archived_funnel_comes_back(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await funnels.archive(tx, funnel.id, archived=True)
    tx.outgoing.clear()

    back = await funnels.archive(tx, funnel.id, archived=False)

    assert (back.funnel.archived, back.funnel.version) == (False, 3)
    await tells_once(tx, back, "archived")
    assert (await make.deal(tx, funnel)).funnel_id == funnel.id


async def test_archiving_twice_is_told_once(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    tx.outgoing.clear()
    await tells_nothing(tx, await funnels.archive(tx, funnel.id, archived=False))
    once = await funnels.archive(tx, funnel.id, archived=True)

    assert await funnels.archive(tx, funnel.id, archived=True) == once
    assert len(await told(tx, funnel.id)) == 1


async def test_the_archive_needs_the_module_too(tx: Transaction) -> None:
    funnel = await make.funnel(tx)
    await make.module(tx, usable_until=date(2020, 1, 1))

    async with refused(tx, ModuleInactive):
        await funnels.archive(tx, funnel.id, archived=True)
    async with refused(tx, NotFound):
        await funnels.archive(tx, ids.new(), archived=True)
