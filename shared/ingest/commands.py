"""What is done with what comes from outside: kept at once, read later, and taken in as anybody's deal would be."""

import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from shared import accounts, deals, funnels, ids, jobs
from shared.actor import Actor, ActorKind
from shared.db import Transaction
from shared.errors import DomainError, InvalidInput, ModuleInactive, NotFound, Problem, Sentence
from shared.ingest import bodies, sql, tidy
from shared.ingest.leads import deal_of
from shared.ingest.model import (
    Assignment,
    Caller,
    CreatedSource,
    InboxItem,
    InboxPage,
    InboxState,
    Lead,
    Lock,
    NewSource,
    NotALead,
    Request,
    Source,
    SourceKind,
    address,
    hash_of,
)
from shared.ingest.sources import KINDS

PERFORM = "ingest.perform"  # a request, by the id of its intake row
RETRY = "ingest.retry"  # an inbox item that waited
MOST_ATTEMPTS = 3
RESUMED_AT_ONCE = 200
NEVER_KEPT = frozenset({"authorization", "cookie", "proxy-authorization"})  # headers: secrets that no lead needs

SEEN_BEFORE = Sentence("The same has come in before.", "Те саме вже надходило раніше.")
POISON = Sentence("It could not be processed.", "Це не вдалося обробити.")


async def create_source(tx: Transaction, new: NewSource, base_url: str) -> CreatedSource:
    """A source, and the address under `base_url` to give to whoever is to post there.

    Raises NotFound for a funnel that the actor does not see, ModuleInactive, InvalidInput for an assignee that is
    not there.
    """
    funnel = await funnels.require_visible(tx, new.funnel_id)
    if funnel.archived:
        raise NotFound(new.funnel_id)
    await accounts.require_module(tx, funnels.MODULE)
    if new.assignee_id is not None:
        await accounts.require_users(tx, {("assigneeId",): new.assignee_id})
    secret = new.secret or secrets.token_urlsafe(24)
    source = await sql.insert_source(tx, ids.new(), replace(new, assignee_id=new.assignee_id or tx.actor.user_id))
    await sql.insert_address(tx, source.id, hash_of(secret))
    return CreatedSource(source, secret, address(base_url, source.id, secret))


async def sources_of_account(tx: Transaction) -> list[Source]:
    """By name."""
    return await sql.select_sources(tx)


async def get_sources(tx: Transaction, source_ids: Iterable[UUID]) -> dict[UUID, Source]:
    return {source.id: source for source in await sql.select_sources_by_id(tx, source_ids)}


async def get_items(tx: Transaction, item_ids: Iterable[UUID]) -> dict[UUID, InboxItem]:
    return {item.id: item for item in await sql.select_items_by_id(tx, item_ids)}


async def inbox(
    tx: Transaction,
    source_id: UUID | None = None,
    states: Sequence[InboxState] | None = None,
    after: tuple[datetime, UUID] | None = None,
    first: int = 50,
) -> InboxPage:
    """What came in, newest first. `after`: when the last item that was seen came in, and its id."""
    items = await sql.select_page(tx, source_id, states, after, first + 1)
    count = await sql.count_items(tx, source_id, states)
    return InboxPage(items[:first], len(items) > first, count)


async def receive(
    tx: Transaction,
    source_id: UUID,
    caller: Caller,
    request: Request,
    ips: Mapping[SourceKind, Collection[str]] | None = None,
) -> SourceKind | None:
    """Keep a request as it came, with the job that reads it. Opened without an account, `tx` goes on in the source's.

    None, and nothing is kept: the source is unknown or disabled, or the caller is not the one it was made for.
    `ips`: the only addresses that sources of a kind may be called from.
    """
    kept = await sql.select_address(tx, source_id)
    if kept is None:
        return None
    await tx.enter(kept.account_id)
    source = (await get_sources(tx, [source_id])).get(source_id)
    if source is None or not source.enabled:
        return None
    lock = Lock(kept.secret_hash, frozenset((ips or {}).get(source.kind, ())))
    if not KINDS[source.kind].verify(lock, caller, request):
        return None
    headers = tidy.json_value({name: value for name, value in request.headers.items() if name not in NEVER_KEPT})
    intake_id = ids.new()
    await sql.insert_intake(tx, intake_id, source_id, replace(request, headers=headers))
    await jobs.add(tx, PERFORM, ref=intake_id, max_attempts=MOST_ATTEMPTS)
    return source.kind


async def perform(tx: Transaction, job: jobs.Job) -> None:
    """Read a request: an inbox item for each lead in it, and what becomes of it."""
    intake, source = await _intake(tx, job.ref)
    settled = []
    for part, lead in enumerate(_leads(source, intake.request)):
        item = InboxItem(
            ids.new(), source.id, intake.id, part, InboxState.RECEIVED, intake.received_at, attempts=job.attempts
        )
        item = await _settle(tx, source, item, lead)
        await sql.insert_item(tx, item)
        settled.append(item)
    await _count(tx, source, settled, received=len(settled))


async def retry(tx: Transaction, job: jobs.Job) -> None:
    """Take in an item that waited, as its request reads by the source's mapping of today."""
    item = await _locked(tx, job)
    if item is None:
        return
    intake, source = await _intake(tx, item.intake_id)
    leads = _leads(source, intake.request)
    lead = leads[item.part] if item.part < len(leads) else leads[-1]
    settled = await _settle(tx, source, replace(item, attempts=item.attempts + job.attempts), lead)
    await sql.update_item(tx, settled)
    await _count(tx, source, [settled])


async def resume_waiting(tx: Transaction, job: jobs.Job) -> None:  # noqa: ARG001  # the account is all it needs to know
    """What waits for the module is taken up again, so many a turn; nothing happens while the module is not usable."""
    if funnels.MODULE not in await accounts.usable_modules(tx):
        return
    resumed = await sql.update_waiting(tx, RESUMED_AT_ONCE)
    for item_id in resumed:
        await jobs.add(tx, RETRY, ref=item_id, max_attempts=MOST_ATTEMPTS)
    if len(resumed) == RESUMED_AT_ONCE:
        await jobs.add(tx, accounts.RESUME_WAITING)


async def reject_exhausted(tx: Transaction, job: jobs.Job, error: str) -> None:  # noqa: ARG001  # the job's row keeps the error
    """A request that no attempt came to an end with is REJECTED, to be looked at by people."""
    intake, source = await _intake(tx, job.ref)
    item = InboxItem(
        ids.new(), source.id, intake.id, 0, InboxState.RECEIVED, intake.received_at, payload=bodies.raw(intake.request)
    )
    rejected = await _poisonous(tx, item, job)
    if await sql.insert_item(tx, rejected):
        await _count(tx, source, [rejected], received=1)


async def reject_retried(tx: Transaction, job: jobs.Job, error: str) -> None:  # noqa: ARG001  # the job's row keeps the error
    """As `reject_exhausted`, of an item that waited."""
    item = await _locked(tx, job)
    if item is not None:
        rejected = await _poisonous(tx, item, job)
        await sql.update_item(tx, rejected)
        await _count(tx, (await get_sources(tx, [item.source_id]))[item.source_id], [rejected])


async def _intake(tx: Transaction, id: UUID | None) -> tuple[sql.Intake, Source]:
    assert id is not None
    intake = await sql.select_intake(tx, id)
    assert intake is not None
    return intake, (await get_sources(tx, [intake.source_id]))[intake.source_id]


async def _locked(tx: Transaction, job: jobs.Job) -> InboxItem | None:
    """The job's item, while it has still to be taken in."""
    assert job.ref is not None
    item = await sql.lock_item(tx, job.ref)
    return item if item is not None and item.state is InboxState.RECEIVED else None


def _leads(source: Source, request: Request) -> Sequence[Lead | NotALead]:
    try:
        return KINDS[source.kind].parse(request, source.mapping)
    except NotALead as said:
        return [said]


async def _settle(tx: Transaction, source: Source, item: InboxItem, lead: Lead | NotALead) -> InboxItem:
    """What becomes of a lead: a deal, in the best of cases."""
    item = replace(item, payload=lead.payload, external_id=lead.external_id, reason=None, reason_code=None)
    account = await accounts.get(tx)
    if isinstance(lead, NotALead):
        return replace(item, state=lead.state, reason=lead.sentence.to(account.language), reason_code=lead.code)
    if not await sql.take_key(tx, item, lead):
        return replace(
            item, state=InboxState.DUPLICATE, reason=SEEN_BEFORE.to(account.language), reason_code="SEEN_BEFORE"
        )
    new = deal_of(lead, source.funnel_id, await _assignee(tx, source, lead), account.country, account.currency)
    try:
        async with tx.attempt():
            made = await deals.create(_acting(tx, source), new, deals.Origin(lead.came_as, source.name))
    except ModuleInactive as inactive:
        # A module that opens while this is not yet committed does not see the item: so look once more.
        await jobs.add(tx, accounts.RESUME_WAITING)
        return _refused(item, InboxState.WAITING, inactive, account)
    except DomainError as refused:
        await sql.delete_key(tx, item, lead)  # sent again, it may find what was missing
        return _refused(item, InboxState.REJECTED, refused, account)
    return replace(item, state=InboxState.CREATED, deal_id=made.deal.id)


def _acting(tx: Transaction, source: Source) -> Transaction:
    """The same transaction, in which the source acts."""
    return replace(tx, actor=Actor(ActorKind.SOURCE, source.id, source.name))


def _refused(item: InboxItem, state: InboxState, refusal: DomainError, account: accounts.Account) -> InboxItem:
    sentence = refusal.sentence
    if isinstance(refusal, InvalidInput):
        sentence = _told(refusal.problems[0])
    return replace(item, state=state, reason=sentence.to(account.language), reason_code=refusal.code)


def _told(problem: Problem) -> Sentence:
    path = ".".join(problem.path)
    return Sentence(f"{path}: {problem.sentence.en}", f"{path}: {problem.sentence.uk}")


async def _poisonous(tx: Transaction, item: InboxItem, job: jobs.Job) -> InboxItem:
    return replace(
        item,
        state=InboxState.REJECTED,
        reason=POISON.to((await accounts.get(tx)).language),
        reason_code="POISON",
        attempts=item.attempts + min(job.attempts, job.max_attempts),
    )


async def _assignee(tx: Transaction, source: Source, lead: Lead) -> UUID | None:
    """Who gets the deal: who took the call, the source's assignee, the first who watches the funnel; if active."""
    candidates = []
    if source.assignment is Assignment.CALL_TAKER and lead.taken_by:
        candidates += await accounts.user_ids_by_email(tx, lead.taken_by)
    if source.assignee_id is not None:
        candidates.append(source.assignee_id)
    candidates += (await funnels.viewer_ids(tx, [source.funnel_id]))[source.funnel_id]
    known = await accounts.users(tx, candidates)
    return next((id for id in candidates if id in known and known[id].active), None)


async def _count(tx: Transaction, source: Source, settled: Sequence[InboxItem], received: int = 0) -> None:
    states = Counter(item.state for item in settled)
    await sql.add_to_counters(
        tx,
        source.id,
        received=received,
        created=states[InboxState.CREATED],
        duplicates=states[InboxState.DUPLICATE],
        rejected=states[InboxState.REJECTED],
    )
