"""An account in which there is something of everything that has an id, made by the product's own commands."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from shared import deals, funnels, ids, imports, jobs
from shared.actor import Permission
from shared.db import Database, Transaction
from shared.ingest import Request
from shared.money import Money
from tests import make
from tests.graphql.filled_money import Purse, buy_modules, purse
from tests.shared.ingest import taking

FORM = Request({"content-type": "application/json"}, b'{"name": "Lead", "phone": "0501112233"}')
TABLE = "Назва,Сума\nДім,1000\nСклад,багато\nОфіс,-\n".encode()  # two of its rows cannot be taken


@dataclass(frozen=True)
class Filled:
    """What there is, by what it is for. `person`: who made it all, and sees it; `kinds`: everything's kind, by id."""

    account: str
    person: str
    colleague: str
    funnel: str
    put_away: str  # a funnel that is archived
    entry: str
    own: list[str]
    empty: str  # an own stage in which nothing stands
    won: str
    lost: str
    reason: str
    deal: str
    beside: str  # a deal that stands in the same stage as `deal`
    in_entry: str
    archived: str  # a deal
    note: str
    task: str
    done_task: str
    source: str
    item: str  # of the inbox
    read: str  # an import that is done, with rejects
    queued: str  # an import that has not begun
    money: Purse
    kinds: dict[str, str]

    def of_kind(self, *kinds: str) -> list[str]:
        return [id for id, kind in self.kinds.items() if kind in kinds]

    def some_of(self, *kinds: str) -> list[str]:
        """An id of each of these kinds, and one that is put away."""
        found = [self.deal, self.funnel, self.own[0], self.reason, self.person, self.archived, self.put_away]
        there = {self.kinds[id] for id in found}
        others = {kind: id for id, kind in self.kinds.items() if kind not in there}
        return [id for id in (*found, *others.values()) if self.kinds[id] in kinds]

    @property
    def one_of_each(self) -> list[str]:
        """An id of each kind that there is."""
        return self.some_of(*self.kinds.values())


async def fill(db: Database, account_id: UUID, person_id: UUID, *, buys: bool = True) -> Filled:
    """Fill an account: only its person sees these funnels, unless they have a right to see all."""
    async with db.transaction(account_id) as tx:
        before = await _kinds(tx)
        person = await make.user(tx, "Олена", id=person_id)
        tx.actor = make.actor(person, *Permission)
        colleague = await make.user(tx, "Тарас", email=f"{ids.new()}@example.com")
        funnel = await make.funnel(tx, 4, viewers=[person, colleague], idle_after_days=3)
        first, second, third, empty = funnel.own
        in_entry = await make.deal(tx, funnel, amount=Money(100_00, "UAH"))
        deal = await make.deal(tx, funnel, stage=first, title="Будинок", amount=Money(7_00, "USD"))
        beside = await make.deal(tx, funnel, stage=first, assignee_id=person.id, custom_fields={"площа": [1, 2.5]})
        for stage in (second, third, funnel.won, funnel.lost):
            await make.deal(tx, funnel, stage=stage)
        archived = await make.deal(tx, funnel, stage=second)
        await deals.archive(tx, deals.Many((archived.id,)))
        note = await deals.add_note(tx, deals.NoteDraft(deal.id, "Дзвонили"))
        task = await deals.add_task(tx, deals.NewTask(deal.id, "Передзвонити", assignee_id=colleague.id))
        done = await deals.add_task(tx, deals.NewTask(deal.id, "Надіслати договір"))
        await deals.complete_task(tx, deals.TaskCompletion(done.task.id))
        put_away = await make.funnel(tx, 1, name="Минуле", viewers=[person])
        await make.deal(tx, put_away)
        await funnels.archive(tx, put_away.id, archived=True)
        source = await taking.new_source(tx, funnel, assignee_id=str(person.id))
        item = await taking.take_in(tx, source, FORM)
        if buys:
            await buy_modules(tx)
        read, queued = await _begin_import(tx, funnel.id), await _begin_import(tx, funnel.id)
        has = await purse(tx)
    for _turn in ("look", "read"):
        await imports.run(db, {}, jobs.Job(ids.new(), account_id, imports.IMPORT, read, datetime.now(UTC), 1, 3, read))
    async with db.transaction(account_id) as tx:
        await tx.execute("DELETE FROM jobs WHERE account_id = $1", account_id)  # a clock has nothing to wait for
        after = await _kinds(tx) | dict.fromkeys(has.methods, "PaymentMethod")
        return Filled(
            account=str(account_id),
            person=str(person.id),
            colleague=str(colleague.id),
            funnel=str(funnel.id),
            put_away=str(put_away.id),
            entry=str(funnel.entry.id),
            own=[str(stage.id) for stage in funnel.own],
            empty=str(empty.id),
            won=str(funnel.won.id),
            lost=str(funnel.lost.id),
            reason=str(funnel.reason.id),
            deal=str(deal.id),
            beside=str(beside.id),
            in_entry=str(in_entry.id),
            archived=str(archived.id),
            note=str(note.note.id),
            task=str(task.task.id),
            done_task=str(done.task.id),
            source=str(source.id),
            item=str(item.id),
            read=str(read),
            queued=str(queued),
            money=has,
            kinds={id: kind for id, kind in after.items() if id not in before},
        )


async def _begin_import(tx: Transaction, funnel_id: UUID) -> UUID:
    import_id = await imports.begin_upload(tx, funnel_id)
    await imports.keep_chunk(tx, import_id, 0, TABLE)
    await imports.start(tx, import_id, funnel_id, "deals.csv", {})
    return import_id


async def _kinds(tx: Transaction) -> dict[str, str]:
    return {str(row["id"]): row["kind"] for row in await tx.fetch("SELECT id, kind FROM nodes ORDER BY kind, id")}
