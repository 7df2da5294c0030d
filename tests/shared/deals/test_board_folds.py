"""A snapshot and the events after it are the board: always, for every field and in every order."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from shared import accounts, deals, events, funnels, ids
from shared.actor import Actor, Permission
from shared.db import Database, Transaction
from shared.errors import DomainError
from shared.funnels import StageKind
from shared.money import Money
from shared.spots import Spot, SpotKind
from tests import board, make
from tests.searching import SEARCH

AMOUNTS = [None, Money(0, "UAH"), Money(1_50, "UAH"), Money(10**15 - 1, "UAH"), Money(99, "USD"), Money(7, "JPY")]
TITLES = ["Офіс", "🏠 عقار", "a" * 200]
WRONG = 11
index = st.integers(0, WRONG)
few = st.lists(index, min_size=1, max_size=4)

Command = Callable[["World"], Awaitable[object]]


@dataclass
class World:
    """What commands choose from, by a number: mostly something that is there, and with WRONG something that is not."""

    tx: Transaction
    funnel: make.Funnel
    elsewhere: deals.Deal
    people: list[Actor]
    stranger: Actor
    importer: UUID
    made: list[UUID] = field(default_factory=list)
    notes: list[UUID] = field(default_factory=list)  # also those that are deleted
    tasks: list[UUID] = field(default_factory=list)
    stages: list[UUID] = field(default_factory=list)  # also those that are deleted

    def deal(self, number: int) -> UUID:
        return ids.new() if number == WRONG else self.made[number % len(self.made)]

    def some(self, numbers: Sequence[int]) -> tuple[UUID, ...]:
        """Deals, each once."""
        return tuple(dict.fromkeys(map(self.deal, numbers)))

    def item(self, number: int, items: Sequence[UUID]) -> UUID:
        """A note or a task."""
        return ids.new() if number == WRONG or not items else items[number % len(items)]

    def neighbour(self, number: int) -> UUID:
        return self.elsewhere.id if number == WRONG else self.made[number % len(self.made)]

    def stage(self, number: int) -> UUID:
        return self.elsewhere.stage_id if number == WRONG else self.stages[number % len(self.stages)]

    def spot(self, kind: SpotKind, number: int) -> Spot:
        """Among stages."""
        return Spot(kind, self.stage(number) if kind in (SpotKind.AFTER, SpotKind.BEFORE) else None)

    def reason(self, number: int) -> UUID | None:
        reasons = [None, *(reason.id for reason in self.funnel.loss_reasons)]
        return ids.new() if number == WRONG else reasons[number % len(reasons)]

    def person(self, number: int) -> Actor:
        return self.stranger if number == WRONG else self.people[number % len(self.people)]


@st.composite
def creations(draw: st.DrawFn) -> Command:
    title, amount = draw(st.sampled_from(TITLES)), draw(st.sampled_from(AMOUNTS))

    async def create(world: World) -> None:
        new = deals.NewDeal(ids.new(), world.funnel.id, title, make.ANNA, amount=amount, custom_fields={"кімнат": 2})
        changed = await deals.create(world.tx, new)
        world.made.append(changed.deal.id)

    return create


@st.composite
def imports(draw: st.DrawFn) -> Command:
    amounts = draw(st.lists(st.sampled_from(AMOUNTS), min_size=1, max_size=3))

    async def take_in(world: World) -> None:
        locked = await funnels.lock(world.tx, world.funnel.id)
        rows = [
            deals.NewRow(deals.NewDeal(ids.new(), world.funnel.id, "Склад", make.ANNA, amount=amount), "з файлу")
            for amount in amounts
        ]
        made = await deals.import_batch(world.tx, locked, rows, "угоди.csv", world.importer)
        world.made += [deal.id for deal in made]

    return take_in


@st.composite
def updates(draw: st.DrawFn) -> Command:
    number, version = draw(index), draw(st.sampled_from([None, None, 1]))
    fields: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "title": st.sampled_from(TITLES),
                "contact": st.sampled_from([make.ANNA, deals.Contact("Іван")]),
                "amount": st.sampled_from(AMOUNTS),
                "expected_close_on": st.sampled_from([None, date(2026, 3, 31)]),
                "custom_fields": st.sampled_from([{}, {"a": 1}, {"a": True}, {"a": [1.5, None, "ї"]}]),
            },
        )
    )

    async def update(world: World) -> None:
        await deals.update(world.tx, deals.Changes(world.deal(number), fields, version))

    return update


@st.composite
def moves(draw: st.DrawFn) -> Command:
    deal, stage, neighbour, reason = draw(index), draw(index), draw(index), draw(index)
    kind, version = draw(st.sampled_from(SpotKind)), draw(st.sampled_from([None, None, 1]))
    note, amount = draw(st.sampled_from([None, "бо так"])), draw(st.sampled_from(AMOUNTS))

    async def move(world: World) -> None:
        beside = kind in (SpotKind.AFTER, SpotKind.BEFORE)
        spot = Spot(kind, world.neighbour(neighbour) if beside else None)
        await deals.move(
            world.tx,
            deals.Move(world.deal(deal), world.stage(stage), spot, version, world.reason(reason), note, amount),
        )

    return move


@st.composite
def bulk_moves(draw: st.DrawFn) -> Command:
    numbers, stage, reason = draw(few), draw(index), draw(index)

    async def move(world: World) -> None:
        move = deals.MoveMany(world.some(numbers), world.stage(stage), world.reason(reason), "бо так")
        await deals.move_many(world.tx, move)

    return move


@st.composite
def archivings(draw: st.DrawFn) -> Command:
    numbers, there = draw(few), draw(st.booleans())

    async def put(world: World) -> None:
        many = deals.Many(world.some(numbers))
        await (deals.restore(world.tx, many) if there else deals.archive(world.tx, many))

    return put


@st.composite
def writings(draw: st.DrawFn) -> Command:
    number, note, what = draw(index), draw(index), draw(st.sampled_from(["add", "update", "delete"]))
    text = draw(st.sampled_from(TITLES))

    async def write(world: World) -> None:
        note_id = world.item(note, world.notes)
        if what == "add":
            added = await deals.add_note(world.tx, deals.NoteDraft(world.deal(number), text))
            world.notes.append(added.note.id)
        elif what == "update":
            await deals.update_note(world.tx, deals.NoteDraft(note_id, text))
        else:
            await deals.delete_note(world.tx, note_id)

    return write


@st.composite
def errands(draw: st.DrawFn) -> Command:
    number, task, what = draw(index), draw(index), draw(st.sampled_from(["add", "add", "update", "done", "reopen"]))
    title = draw(st.sampled_from(TITLES))

    async def run(world: World) -> None:
        task_id = world.item(task, world.tasks)
        if what == "add":
            added = await deals.add_task(world.tx, deals.NewTask(world.deal(number), title))
            world.tasks.append(added.task.id)
        elif what == "update":
            await deals.update_task(world.tx, deals.TaskChanges(task_id, {"title": title}))
        else:
            await deals.complete_task(world.tx, deals.TaskCompletion(task_id, done=what == "done"))

    return run


@st.composite
def stage_creations(draw: st.DrawFn) -> Command:
    kind, neighbour, wanting = draw(st.sampled_from(SpotKind)), draw(index), draw(st.booleans())
    probability = draw(st.sampled_from([None, None, 0, 60]))

    async def create(world: World) -> None:
        new = funnels.NewStage(ids.new(), StageKind.PROGRESS, "Новий", "#1A2B3C", probability, None, wanting)
        creation = funnels.StageCreation(world.funnel.id, new, world.spot(kind, neighbour), id_is_chosen=False)
        await funnels.create_stage(world.tx, creation)
        world.stages.append(new.id)

    return create


@st.composite
def stage_changes(draw: st.DrawFn) -> Command:
    number = draw(index)
    fields: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(TITLES),
                "color": st.just("#FFFFFF"),
                "probability": st.integers(0, 100),
                "idle_after_days": st.sampled_from([None, 3]),
                "requires_amount": st.booleans(),
            },
        )
    )

    async def update(world: World) -> None:
        await funnels.update_stage(world.tx, funnels.StageChanges(world.stage(number), fields))

    return update


@st.composite
def stage_moves(draw: st.DrawFn) -> Command:
    number, kind, neighbour = draw(index), draw(st.sampled_from(SpotKind)), draw(index)

    async def move(world: World) -> None:
        await funnels.move_stage(world.tx, funnels.StageMove(world.stage(number), world.spot(kind, neighbour)))

    return move


@st.composite
def stage_deletions(draw: st.DrawFn) -> Command:
    number, target = draw(index), draw(st.one_of(st.none(), index))

    async def delete(world: World) -> None:
        target_id = None if target is None else world.stage(target)
        await deals.delete_stage(world.tx, deals.StageDeletion(world.stage(number), target_id))

    return delete


@st.composite
def funnel_changes(draw: st.DrawFn) -> Command:
    name, viewers = draw(st.sampled_from([None, *TITLES])), draw(st.sampled_from([None, 1, 2]))

    async def update(world: World) -> None:
        seeing = None if viewers is None else tuple(person.id for person in world.people[:viewers] if person.id)
        await funnels.update(world.tx, funnels.FunnelChanges(world.funnel.id, name, seeing))

    return update


async def attempt(world: World, command: Command) -> None:
    """A refusal changes nothing and tells nobody."""
    said = list(world.tx.outgoing)
    try:
        async with world.tx.attempt():
            await command(world)
    except DomainError:
        assert world.tx.outgoing == said


OF_DEALS = (
    creations(),
    imports(),
    updates(),
    moves(),
    moves(),
    bulk_moves(),
    archivings(),
    writings(),
    errands(),
)
OF_FUNNELS = stage_creations(), stage_changes(), stage_moves(), stage_deletions(), funnel_changes()


@settings(SEARCH, max_examples=60)
@given(
    commands=st.lists(st.tuples(index, st.one_of(*OF_DEALS, *OF_FUNNELS)), min_size=10, max_size=30),
    looked_at=st.floats(0, 1),
)
async def test_snapshot_and_events_are_the_board(
    db: Database, commands: list[tuple[int, Command]], looked_at: float
) -> None:
    account = await make.account(db)
    async with db.transaction(account.id) as tx:
        world = await begin(tx)
        snapshot = await board.read(tx, world.funnel.id)
        for number, (person, command) in enumerate(commands):
            if number == int(looked_at * len(commands)):
                tx.actor = world.people[0]
                snapshot = await board.read(tx, world.funnel.id)
            tx.actor = world.person(person)
            await attempt(world, command)
        tx.actor = world.people[0]
        now = await board.read(tx, world.funnel.id)
        whole = await board.origin(tx, world.funnel.id)

        board.fold(snapshot, await events.after(tx, world.funnel.id, snapshot.seq))
        board.fold(whole, await events.after(tx, world.funnel.id, 0))

        assert snapshot == now
        assert whole == now
        assert list(snapshot.columns) == list(whole.columns) == list(now.columns)
        assert board.recount(now) == now.totals


async def begin(tx: Transaction) -> World:
    """Three people: one may all, one is a viewer of the funnel, and one is not and sees nothing of it."""
    users: list[accounts.User] = [await make.user(tx, name) for name in ("Олена", "Тарас", "Чужий")]
    tx.actor = make.actor(users[0], *Permission)
    funnel = await make.funnel(tx, 2, viewers=[users[1]], requires_amount=[1])
    await make.requires_note(tx, funnel.loss_reasons[1])
    world = World(
        tx,
        await make.read_funnel(tx, funnel.id),
        await make.deal(tx),
        [tx.actor, make.actor(users[1], Permission.DEALS_WRITE)],
        make.actor(users[2], Permission.DEALS_WRITE),
        users[0].id,
    )
    world.stages += [stage.id for stage in world.funnel.stages]
    for _ in range(3):
        world.made.append((await make.deal(tx, funnel)).id)
    return world
