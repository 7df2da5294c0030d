"""What is done with what was received: it is read, and each lead in it is taken in as anybody's deal would be."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from shared import accounts, funnels, ids, jobs
from shared.db import Transaction
from shared.errors import DomainError, InvalidInput, ModuleInactive, Problem, Sentence
from shared.ingest import sql, sql_sources, tidy, unreadable
from shared.ingest.becoming import acting, become
from shared.ingest.fetching import FETCH, MOST_FETCHES
from shared.ingest.inbox import RETRY
from shared.ingest.model import InboxItem, InboxState, Lead, Named, NotALead, Source
from shared.ingest.receiving import MOST_ATTEMPTS
from shared.ingest.retention import plan_to_forget
from shared.ingest.source_commands import get_sources
from shared.ingest.sources import ASKED, KINDS

RESUMED_AT_ONCE = 200

SEEN_BEFORE = Sentence("The same has come in before.", "Те саме вже надходило раніше.")
POISON = Sentence("It could not be processed.", "Це не вдалося обробити.")
NO_ANSWER = Sentence("The source's own service did not answer.", "Власний сервіс джерела не відповів.")


async def perform(tx: Transaction, job: jobs.Job) -> None:
    """Read a request: an inbox item for each lead in it, and what becomes of it."""
    intake, source = await _intake(tx, job.ref)
    account = await accounts.get(tx)
    settled = []
    for part, lead in enumerate(_leads(source, intake)):
        item = InboxItem(
            ids.new(), source.id, intake.id, part, InboxState.RECEIVED, intake.received_at, attempts=job.attempts
        )
        if isinstance(lead, Named):
            item = replace(item, payload=tidy.json_value(lead.payload), external_id=lead.external_id, attempts=0)
            await jobs.add(tx, FETCH, ref=item.id, max_attempts=MOST_FETCHES)
        else:
            item = await _settle(tx, source, item, lead, account)
        await sql.insert_item(tx, item)
        settled.append(item)
    await _count(tx, source, settled, received=len(settled))
    await plan_to_forget(tx, account, intake.received_at)


async def retry(tx: Transaction, job: jobs.Job) -> None:
    """Take in an item that waited, was replayed or has its answers now, by the source's mapping of today."""
    item = await _locked(tx, job)
    if item is None:
        return
    source = (await get_sources(tx, [item.source_id]))[item.source_id]
    lead = await _lead_of(tx, source, item)
    item = replace(item, attempts=item.attempts + job.attempts)
    settled = await _settle(tx, source, item, lead, await accounts.get(tx))
    await sql.update_item(tx, settled)
    await _count(tx, source, [settled])


async def resume_waiting(tx: Transaction, job: jobs.Job) -> None:  # noqa: ARG001  # the account is all it needs to know
    """What waits for modules that are usable now is taken up again, so many a turn."""
    usable = {*await accounts.usable_modules(tx), None}
    kinds = [kind for kind, how in KINDS.items() if {funnels.MODULE, how.MODULE} <= usable]
    resumed = await sql.update_waiting(tx, kinds, RESUMED_AT_ONCE)
    for item_id in resumed:
        await jobs.add(tx, RETRY, ref=item_id, max_attempts=MOST_ATTEMPTS)
    if len(resumed) == RESUMED_AT_ONCE:
        await jobs.add(tx, accounts.RESUME_WAITING)


async def reject_exhausted(tx: Transaction, job: jobs.Job, error: str) -> None:  # noqa: ARG001  # the job's row keeps the error
    """A request that no attempt came to an end with is REJECTED, to be looked at by people."""
    intake, source = await _intake(tx, job.ref)
    item = InboxItem(
        ids.new(),
        source.id,
        intake.id,
        0,
        InboxState.RECEIVED,
        intake.received_at,
        payload=unreadable.raw(intake.request),
    )
    rejected = await _given_up(tx, item, job, "POISON", POISON)
    if await sql.insert_item(tx, rejected):
        await _count(tx, source, [rejected], received=1)
    await plan_to_forget(tx, await accounts.get(tx), intake.received_at)


async def reject_retried(tx: Transaction, job: jobs.Job, error: str) -> None:  # noqa: ARG001  # the job's row keeps the error
    """As `reject_exhausted`, of an item that is there."""
    await _give_up(tx, job, "POISON", POISON)


async def reject_unanswered(tx: Transaction, job: jobs.Job, error: str) -> None:  # noqa: ARG001  # the job's row keeps the error
    """A lead whose answers nobody gave."""
    await _give_up(tx, job, "NOT_ANSWERED", NO_ANSWER)


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


def _leads(source: Source, intake: sql.Intake) -> Sequence[Lead | Named | NotALead]:
    try:
        return KINDS[source.kind].parse(intake.request, source.mapping)
    except NotALead as said:
        return [said]


async def _lead_of(tx: Transaction, source: Source, item: InboxItem) -> Lead | NotALead:
    """What an item says, read once more."""
    asked = ASKED.get(source.kind)
    if asked is not None and item.answers is not None:
        try:
            return asked.answered(item.payload, item.answers, source.mapping)
        except NotALead as said:
            return said
    intake, _ = await _intake(tx, item.intake_id)
    leads = _leads(source, intake)
    lead = leads[item.part] if item.part < len(leads) else leads[-1]
    return NotALead(InboxState.REJECTED, "NOT_ANSWERED", NO_ANSWER, lead.payload) if isinstance(lead, Named) else lead


async def _settle(
    tx: Transaction, source: Source, item: InboxItem, lead: Lead | NotALead, account: accounts.Account
) -> InboxItem:
    """What becomes of a lead: a deal, in the best of cases."""
    if isinstance(lead, NotALead):
        return _refused(item, lead, account)
    item = replace(
        item,
        payload=tidy.json_value(lead.payload),
        external_id=tidy.json_value(lead.known.external_id),
        reason=None,
        reason_code=None,
    )
    if not await sql.take_key(tx, item, lead.known):
        return _ended(item, InboxState.DUPLICATE, "SEEN_BEFORE", SEEN_BEFORE, account)
    try:
        async with tx.attempt():
            state, deal_id = await become(acting(tx, source), source, lead, account)
    except NotALead as said:
        return _refused(item, said, account)
    except ModuleInactive as inactive:
        # A module that opens while this is not yet committed does not see the item: so look once more.
        await jobs.add(tx, accounts.RESUME_WAITING)
        return _ended(item, InboxState.WAITING, inactive.code, inactive.sentence, account)
    except DomainError as refused:
        await sql.delete_key(tx, item, lead.known)  # sent again, it may find what was missing
        sentence = _told(refused.problems[0]) if isinstance(refused, InvalidInput) else refused.sentence
        return _ended(item, InboxState.REJECTED, refused.code, sentence, account)
    return replace(item, state=state, deal_id=deal_id)


def _refused(item: InboxItem, said: NotALead, account: accounts.Account) -> InboxItem:
    payload, external_id = tidy.json_value(said.payload), tidy.json_value(said.external_id)
    item = replace(item, payload=payload, external_id=external_id)
    return _ended(item, said.state, said.code, said.sentence, account)


def _ended(item: InboxItem, state: InboxState, code: str, sentence: Sentence, account: accounts.Account) -> InboxItem:
    return replace(item, state=state, reason=sentence.to(account.language), reason_code=code)


def _told(problem: Problem) -> Sentence:
    path = ".".join(problem.path)
    return Sentence(f"{path}: {problem.sentence.en}", f"{path}: {problem.sentence.uk}")


async def _give_up(tx: Transaction, job: jobs.Job, code: str, sentence: Sentence) -> None:
    item = await _locked(tx, job)
    if item is not None:
        rejected = await _given_up(tx, item, job, code, sentence)
        await sql.update_item(tx, rejected)
        await _count(tx, (await get_sources(tx, [item.source_id]))[item.source_id], [rejected])


async def _given_up(tx: Transaction, item: InboxItem, job: jobs.Job, code: str, sentence: Sentence) -> InboxItem:
    attempts = item.attempts + min(job.attempts, job.max_attempts)
    item = replace(item, attempts=attempts)
    return _ended(item, InboxState.REJECTED, code, sentence, await accounts.get(tx))


async def _count(tx: Transaction, source: Source, settled: Sequence[InboxItem], received: int = 0) -> None:
    states = Counter(item.state for item in settled)
    await sql_sources.add_to_counters(
        tx,
        source.id,
        received=received,
        created=states[InboxState.CREATED],
        duplicates=states[InboxState.DUPLICATE],
        rejected=states[InboxState.REJECTED],
    )
