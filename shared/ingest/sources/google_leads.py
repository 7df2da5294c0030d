"""Leads of Google's advertising forms. Google signs nothing: `google_key` in the body is the source's secret."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.deals import DealSource
from shared.errors import Sentence
from shared.ingest import bodies, contacts
from shared.ingest.bodies import Body, Field
from shared.ingest.mapping import text_of
from shared.ingest.model import Caller, InboxState, Lead, Lock, NotALead, Request

ANSWER: Mapping[str, str] = {}
MODULE: str | None = "lead_ads"
SECRET_IN_ADDRESS = False
KEY = "google_key"
SAID = re.compile(rb'("google_key"\s*:\s*)("(?:[^"\\]|\\.)*")')

TEST = Sentence("A test lead.", "Тестовий лід.")


def verify(lock: Lock, caller: Caller, request: Request) -> bool:
    """The key in the body; a secret in the address, if there is one, as well."""
    key = _key(request)
    return key is not None and lock.knows(key) and (caller.secret is None or lock.knows(caller.secret))


def parse(request: Request, mapped: Mapping[str, Any]) -> Sequence[Lead]:
    """One lead. Raises NotALead without a phone, an e-mail or a name, and for a test."""
    request = replace(request, body=SAID.sub(rb'\1""', request.body))  # what cannot be read is shown as it came
    payload = {name: value for name, value in bodies.read_json(request).items() if name != KEY}
    id = text_of(payload.get("lead_id")).strip() or None
    if payload.get("is_test") is True:
        raise NotALead(InboxState.IGNORED, "TEST", TEST, payload, id)
    body = Body(payload, _answers(payload))
    known = contacts.known_by(request, bodies.body_of(payload), {}, id, "lead")
    return [contacts.lead_of(body, mapped, known, DealSource.FORM)]


def _key(request: Request) -> str | None:
    """Also of a body that cannot be read: whoever sent it is told that it came, and its owner sees why it is rejected."""
    found = SAID.search(request.body)
    try:
        return str(json.loads(found[2])) if found else None
    except ValueError:
        return None


def _answers(payload: Mapping[str, Any]) -> list[Field]:
    """Each answer under what it was asked for; `column_name` is what people call it."""
    columns = payload.get("user_column_data")
    answers = []
    for column in columns if isinstance(columns, list) else ():
        if isinstance(column, dict):
            name = text_of(column.get("column_id")) or text_of(column.get("column_name"))
            answers.append(Field(name, (name,), text_of(column.get("string_value"))))
    campaign = text_of(payload.get("campaign_id"))
    return [*answers, *([Field("campaign_id", ("campaign_id",), campaign)] if campaign else [])]
