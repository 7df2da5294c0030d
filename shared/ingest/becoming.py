"""What a lead becomes: a new deal, or news of one that is open already; with a task when nobody answered a call."""

from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from shared import accounts, deals, funnels
from shared.actor import Actor, ActorKind
from shared.db import Transaction
from shared.errors import NotAllowedNow, NotFound, Sentence
from shared.ingest import sql_sources, telling
from shared.ingest.assigning import assignee_of, first_active
from shared.ingest.leads import Draft, draft_of
from shared.ingest.model import Assignment, Direction, InboxState, Lead, NotALead, Source
from shared.ingest.sources import KINDS

OUTGOING_CALL = Sentence(
    "An outgoing call, and no open deal with this phone.", "Вихідний дзвінок, а відкритої угоди з цим телефоном немає."
)


class FunnelArchived(NotFound):
    """Told to whoever looks after the source, who sees its funnel's name beside it, not its id."""

    says = Sentence(
        "The source's funnel is archived: restore it or give the source another one, then take this in again.",
        "Воронку джерела архівовано: відновіть її або дайте джерелу іншу, а тоді обробіть це ще раз.",
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """`known`: the open deal that is told of the lead; None: a new one is made."""

    draft: Draft
    known: deals.Deal | None
    assignee_id: UUID | None
    note: str | None
    task: str | None

    @property
    def state(self) -> InboxState:
        return InboxState.CREATED if self.known is None else InboxState.ATTACHED


def acting(tx: Transaction, source: Source) -> Transaction:
    """The same transaction, in which the source acts."""
    return replace(tx, actor=Actor(ActorKind.SOURCE, source.id, source.name))


async def require_modules(tx: Transaction, source: Source) -> None:
    """Raises ModuleInactive for what the source's kind, or any funnel, needs."""
    for code in (KINDS[source.kind].MODULE, funnels.MODULE):
        if code is not None:
            await accounts.require_module(tx, code)


async def become(tx: Transaction, source: Source, lead: Lead, account: accounts.Account) -> tuple[InboxState, UUID]:
    """Do it; the state of the inbox's item, and the deal. Raises NotALead, or what the deal's commands refuse."""
    await require_modules(tx, source)
    if not _is_outgoing(lead):
        # First: nobody else makes a deal of the same person meanwhile.
        try:
            await funnels.lock(tx, source.funnel_id)
        except NotFound:
            raise FunnelArchived(source.funnel_id) from None
    plan = await plan_of(tx, source, lead, account)
    if plan.known is not None:
        deal_id = plan.known.id
    else:
        new = plan.draft.deal(source.funnel_id, plan.assignee_id)
        deal_id = (await deals.create(tx, new, deals.Origin(lead.came_as, source.name))).deal.id
        if source.assignment is Assignment.ROUND_ROBIN and plan.assignee_id is not None:
            await sql_sources.update_last_in_turn(tx, source.id, plan.assignee_id)
    if plan.note is not None:
        await deals.add_note(tx, deals.NoteDraft(deal_id, plan.note))
    if plan.task is not None:
        with suppress(NotAllowedNow):  # a deal with that many tasks will be looked at
            async with tx.attempt():
                await deals.add_task(tx, deals.NewTask(deal_id, plan.task, await tx.now(), plan.assignee_id))
    return plan.state, deal_id


async def plan_of(tx: Transaction, source: Source, lead: Lead, account: accounts.Account) -> Plan:
    """Only looks. Raises FunnelArchived, NotALead for an outgoing call to somebody without an open deal."""
    funnel = await funnels.find(tx, source.funnel_id)
    if funnel is None or funnel.archived:
        raise FunnelArchived(source.funnel_id)
    draft = draft_of(lead, account.country, account.currency)
    outgoing = _is_outgoing(lead)
    known = None
    if outgoing or source.attach_to_open_deal:
        known = await deals.last_open(tx, draft.contact, None if outgoing else source.funnel_id)
    if outgoing and known is None:
        raise NotALead(InboxState.IGNORED, "OUTGOING_CALL", OUTGOING_CALL, lead.payload, lead.known.external_id)

    assignee_id = await assignee_of(tx, source, lead)
    if known is None:
        note = telling.note_of_new(lead, draft)
    else:
        assignee_id = await first_active(tx, [id for id in (known.assignee_id, assignee_id) if id is not None])
        note = telling.note_of_known(lead, draft, source.name, account.language, account.time_zone)
    missed = lead.call is not None and lead.call.missed
    task = telling.call_back(draft, account.language) if missed else None
    return Plan(draft, known, assignee_id, note, task)


def _is_outgoing(lead: Lead) -> bool:
    return lead.call is not None and lead.call.direction is Direction.OUT
