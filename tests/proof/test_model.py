"""The product does what a plain model of the contract does: command by command, refusals and all."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from shared import events, funnels
from shared.actor import Actor, Permission
from shared.db import JOB, Database, Transaction
from tests import make
from tests.board import read as read_board
from tests.board import recount
from tests.proof.choosing import WRONG, Step, steps
from tests.proof.model import Model
from tests.proof.product import kept_deals, perform
from tests.proof.things import Deal, Funnel, Reason, Refused, Stage
from tests.searching import SEARCH


@settings(SEARCH, max_examples=20)
@given(chosen=st.lists(steps, min_size=10, max_size=30))
async def test_the_product_does_what_the_contract_says(db: Database, chosen: Sequence[Step]) -> None:
    account = await make.account(db)
    async with db.transaction(account.id, limits=JOB) as tx:
        people, model = await begin(tx)
        for step in chosen:
            person = people[2 if step.who == WRONG else step.who % 2]
            await take(tx, model, step, person, people)
            tx.actor = people[0]
            await same(tx, model)


async def take(tx: Transaction, model: Model, step: Step, person: Actor, people: Sequence[Actor]) -> None:
    """The model and the product do the same thing, and refuse it alike."""
    given = dict(step.choose(model))
    if given.get("viewers") is not None:
        given["viewers"] = {people[number].id for number in given["viewers"]}
    assert person.id is not None
    tx.actor, model.person = person, person.id
    refusal, made = await perform(tx, step.name, given)
    if step.name == "set_module":
        model.usable = given["usable"]
        return
    if step.name in ("add_note", "add_task"):
        given["made"] = made
    expected = None
    try:
        getattr(model, step.name)(**given)
    except Refused as refused:
        (expected,) = refused.args
    assert refusal == expected, (step, refusal, expected)


async def same(tx: Transaction, model: Model) -> None:
    """Boards, totals, orders, versions, the log: what the product holds is what the model holds."""
    assert await kept_deals(tx, list(model.deals)) == {id: vars(deal) for id, deal in model.deals.items()}
    for funnel_id, funnel in model.funnels.items():
        board, found = await read_board(tx, funnel_id), await funnels.find(tx, funnel_id)
        log = await events.after(tx, funnel_id, 0)
        assert found is not None
        assert [event.seq for event in log] == list(range(1, board.seq + 1))
        assert [event.kind for event in log] == funnel.log
        assert list(board.columns.items()) == [
            (str(stage_id), [str(id) for id in column]) for stage_id, column in funnel.columns.items()
        ]
        assert board.totals == recount(board)
        assert (found.name, found.archived, found.version) == (funnel.name, funnel.archived, funnel.version)
        assert {
            stage["id"]: (stage["kind"], stage["name"], stage["probability"], stage["requiresAmount"])
            for stage in board.funnel["stages"]
        } == {
            str(id): (stage.kind, stage.name, stage.probability, stage.requires_amount)
            for id, stage in ((id, model.stages[id]) for id in funnel.columns)
        }
        assert {
            reason["id"]: Reason(reason["name"], reason["requiresNote"], reason["archived"])
            for reason in board.funnel["lossReasons"]
        } == {str(id): reason for id, reason in funnel.reasons.items()}
        assert set(board.funnel["viewerIds"]) == {str(id) for id in funnel.viewers}


async def begin(tx: Transaction) -> tuple[list[Actor], Model]:
    """Two funnels with deals, and three people: who manages, who views, and who sees nothing at first."""
    users = [await make.user(tx, name) for name in ("Олена", "Тарас", "Чужий")]
    people = [make.actor(users[0], *Permission), *(make.actor(user, Permission.DEALS_WRITE) for user in users[1:])]
    model = Model([users[0].id], [user.id for user in users], users[0].id)
    tx.actor = people[0]
    for size in (2, 1):
        made = await make.funnel(tx, size, viewers=[users[1]], requires_amount=[size - 1])
        for stage in made.stages:
            model.stages[stage.id] = Stage(made.id, stage.kind, stage.name, stage.probability, stage.requires_amount)
        columns: dict[UUID, list[UUID]] = {stage.id: [] for stage in made.stages}
        reasons = {reason.id: Reason(reason.name) for reason in made.loss_reasons}
        model.funnels[made.id] = Funnel("Оренда", {users[1].id}, columns, reasons)
        for _ in range(size):
            deal = await make.deal(tx, made)
            model.deals[deal.id] = Deal(made.id, made.entry.id, deal.title, None, users[0].id)
            columns[made.entry.id].insert(0, deal.id)
            model.funnels[made.id].log.append("DealCreated")
    return people, model
