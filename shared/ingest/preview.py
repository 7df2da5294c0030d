"""What a payload would become, without doing it: whoever mends a mapping sees what it finds."""

from typing import Any
from uuid import UUID

from shared import accounts
from shared.db import Transaction
from shared.errors import DomainError, ModuleInactive, Sentence
from shared.ingest.becoming import Plan, acting, plan_of, require_modules
from shared.ingest.bodies import read_json
from shared.ingest.model import InboxState, Lead, Named, NotALead, Preview, Request, Source
from shared.ingest.source_commands import get_sources
from shared.ingest.sources import ASKED, KINDS

ASKED_LATER = Sentence(
    "It only names a lead, whose answers are asked of its service when it comes. Give those answers here.",
    "Тут лише названо лід: відповіді запитують у сервісу, коли лід надходить. Вкажіть тут самі відповіді.",
)


async def preview(tx: Transaction, source_id: UUID, payload: str) -> Preview | None:
    """`payload`: a body as its service would post it; of a source whose service is asked, also what that answers.

    None without such a source. Whether the same has come before does not matter.
    """
    source = (await get_sources(tx, [source_id])).get(source_id)
    if source is None:
        return None
    try:
        lead = _lead(source, Request({}, payload.encode(errors="surrogatepass")))
    except NotALead as said:
        return Preview(said.state, reason=said.sentence)
    if isinstance(lead, Named):
        return Preview(InboxState.RECEIVED, reason=ASKED_LATER)
    return await _become(acting(tx, source), source, lead)


async def _become(tx: Transaction, source: Source, lead: Lead) -> Preview:
    account = await accounts.get(tx)
    try:
        plan = await plan_of(tx, source, lead, account)
    except NotALead as said:
        return Preview(said.state, reason=said.sentence)
    except DomainError as refused:
        return Preview(InboxState.REJECTED, reason=refused.sentence)
    try:
        await require_modules(tx, source)
    except ModuleInactive as inactive:
        return Preview(InboxState.WAITING, _deal(plan, lead), inactive.sentence)
    return Preview(plan.state, _deal(plan, lead))


def _lead(source: Source, request: Request) -> Lead | Named:
    """The first one. Raises NotALead."""
    asked = ASKED.get(source.kind)
    if asked is not None:
        answers = read_json(request)
        if "field_data" in answers:
            return asked.answered({}, answers, source.mapping)
    lead = KINDS[source.kind].parse(request, source.mapping)[0]
    if isinstance(lead, NotALead):
        raise lead
    return lead


def _deal(plan: Plan, lead: Lead) -> dict[str, Any]:
    """`id`: of the open deal that would be told of the lead."""
    draft = plan.draft
    amount = draft.amount
    return {
        "id": str(plan.known.id) if plan.known else None,
        "title": draft.title,
        "contact": {"name": draft.contact.name, "phone": draft.contact.phone, "email": draft.contact.email},
        "amount": {"amount": f"{amount}", "currency": amount.currency} if amount else None,
        "assigneeId": str(plan.assignee_id) if plan.assignee_id else None,
        "source": lead.came_as.value,
        "externalId": lead.known.external_id,
        "customFields": dict(draft.custom_fields),
        "note": plan.note,
        "task": plan.task,
    }
