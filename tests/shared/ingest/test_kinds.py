"""What each kind of source sends, as it was recorded, and what it is read as."""

from datetime import timedelta
from typing import Any

import pytest

from shared.deals import DealSource
from shared.ingest import InboxState, Request, SourceKind
from shared.ingest.model import Call, Direction, Lead, Named, NotALead, Said
from shared.ingest.sources import KINDS, facebook_leads
from tests.samples import requests


def read(kind: SourceKind, request: Request, mapping: dict[str, str] | None = None) -> Lead:
    (lead,) = KINDS[kind].parse(request, mapping or {})
    assert isinstance(lead, Lead)
    return lead


def call_of(kind: SourceKind, request: Request, mapping: dict[str, str] | None = None) -> Call:
    call = read(kind, request, mapping).call
    assert call is not None
    return call


def refused(kind: SourceKind, request: Request) -> tuple[InboxState, str]:
    with pytest.raises(NotALead) as said:
        KINDS[kind].parse(request, {})
    return said.value.state, said.value.code


def test_there_is_every_kind() -> None:
    assert set(KINDS) == set(SourceKind)


def test_reads_json() -> None:
    lead = read(SourceKind.JSON, requests.posted("json_post"))

    assert (lead.name, lead.came_as) == ("Марія Шевченко", DealSource.API)
    assert (lead.phone, lead.email) == (
        Said("client[phone]", "+38 (067) 123-45-67"),
        Said("client[email]", "maria@example.com"),
    )
    assert lead.comment == "Зателефонуйте після 18:00"
    assert lead.custom_fields == {
        "event": "order.created",
        "order[id]": 90071992547409931,
        "order[total]": 12500.5,
        "order[currency]": "UAH",
        "utm_source": "instagram",
    }
    assert lead.known.lasts == timedelta(minutes=10)


def test_maps_json_with_exact_ids() -> None:
    mapping = {"externalId": "order.id", "amount": "order.total", "title": "event", "total": "order.total"}
    lead = read(SourceKind.JSON, requests.posted("json_post"), mapping)

    assert (lead.known.external_id, lead.known.lasts) == ("90071992547409931", None)
    assert (lead.amount, lead.title) == (Said("amount", "12500.5"), "order.created")
    assert lead.custom_fields == {"total": 12500.5, "utm_source": "instagram"}


def test_reads_a_form_of_tilda() -> None:
    lead = read(SourceKind.TILDA, requests.fields_of("tilda"))

    assert (lead.name, lead.phone) == ("Соломія", Said("Phone", "+38 (050) 777-88-99"))
    assert (lead.known.external_id, lead.known.lasts) == ("1840233:1235871021", None)
    assert lead.custom_fields == {"Кімнат": "2", "formid": "form548312", "formname": "Cart"}
    assert lead.came_as is DealSource.FORM
    assert read(SourceKind.TILDA, requests.fields_of("tilda", tranid=None)).known.lasts == timedelta(minutes=10)


def test_ignores_what_tilda_sends_to_see_whether_we_are_there() -> None:
    assert refused(SourceKind.TILDA, requests.form({"test": "test"})) == (InboxState.IGNORED, "TEST")


def test_reads_a_lead_of_google() -> None:
    lead = read(SourceKind.GOOGLE_LEADS, requests.posted("google_leads"))

    assert (lead.name, lead.phone) == ("Ірина Савчук", Said("PHONE_NUMBER", "0961234567"))
    assert (lead.known.external_id, lead.known.lasts) == ("CjwKCAiA9NGfBhBvEiwAq5vSy", None)
    assert lead.custom_fields == {"BUDGET": "до 20 000", "campaign_id": "12345678901234567890"}
    assert "google_key" not in lead.payload
    mapped = {"budget": "user_column_data[?column_id=='BUDGET'].string_value | [0]"}
    assert read(SourceKind.GOOGLE_LEADS, requests.posted("google_leads"), mapped).custom_fields == {
        "budget": "до 20 000"
    }


def test_ignores_a_test_of_google() -> None:
    sent = requests.posted("google_leads", is_test=True)

    assert refused(SourceKind.GOOGLE_LEADS, sent) == (InboxState.IGNORED, "TEST")


def test_reads_which_leads_facebook_names() -> None:
    (named,) = KINDS[SourceKind.FACEBOOK_LEADS].parse(requests.posted("facebook_leads"), {})

    assert isinstance(named, Named)
    assert (named.external_id, named.payload["form_id"]) == ("55459717045641545", 551111744595541)


def test_reads_several_leads_of_facebook_each_once_and_tells_which_have_no_id() -> None:
    changes = [{"field": "leadgen", "value": {"leadgen_id": id}} for id in ("1", 2, "1", None)]
    sent = requests.posted("facebook_leads", entry=[{"changes": [*changes, {"field": "feed", "value": {}}, 7]}, "x"])

    one, two, none = KINDS[SourceKind.FACEBOOK_LEADS].parse(sent, {})

    assert isinstance(one, Named)
    assert isinstance(two, Named)
    assert (one.external_id, two.external_id) == ("1", "2")
    assert isinstance(none, NotALead)
    assert (none.state, none.code) == (InboxState.REJECTED, "NO_ID")


@pytest.mark.parametrize("entry", [[], None, "x", [{"changes": [{"field": "feed", "value": {"leadgen_id": "1"}}]}]])
def test_ignores_what_else_facebook_tells(entry: Any) -> None:
    sent = requests.posted("facebook_leads", entry=entry)

    assert refused(SourceKind.FACEBOOK_LEADS, sent) == (InboxState.IGNORED, "NO_LEAD")


def test_reads_what_people_answered_on_facebook() -> None:
    event = {"leadgen_id": 55459717045641545, "form_id": 5}
    lead = facebook_leads.answered(event, requests.facebook_answers(), {})

    assert (lead.name, lead.phone) == ("Богдан Лисенко", Said("phone_number", "+380931112233"))
    assert (lead.known.external_id, lead.known.lasts) == ("55459717045641545", None)
    assert lead.custom_fields == {"how_many_rooms?": ["2", "3"]}
    mapped = {"rooms": "field_data[?name=='how_many_rooms?'].values[] | [0]", "form": "form_id"}
    assert facebook_leads.answered(event, requests.facebook_answers(), mapped).custom_fields == {
        "rooms": "2",
        "form": 5,
    }


def test_reads_a_call_of_ringostat() -> None:
    lead = read(SourceKind.RINGOSTAT, requests.fields_of("ringostat"))

    assert (lead.phone, lead.came_as) == (Said("phone", "380671112233"), DealSource.CALL)
    assert (lead.known.external_id, lead.known.lasts) == ("ua1-1709280920.1234", None)
    assert lead.call == Call(
        Direction.IN,
        answered=True,
        seconds=64,
        at="2026-03-01 10:15:20",
        recording="https://app.ringostat.com/recordings/1709280920.mp3",
    )


def test_maps_the_parameters_that_a_customer_of_ringostat_chose() -> None:
    mapping = {
        "direction": "kind",
        "phone": "who.number",
        "billsec": "talk",
        "disposition": "result",
        "calledAt": "at",
        "recording": "file",
        "externalId": "ref",
        "campaign": "ad",
    }
    sent = Request(
        requests.JSON,
        b'{"kind": "out", "who": {"number": 380671112233}, "talk": 5, "result": "PROPER", "at": "01.03 10:15",'
        b' "file": "http://r/1.mp3", "ref": 77, "ad": "spring"}',
    )
    lead = read(SourceKind.RINGOSTAT, sent, mapping)

    assert lead.call == Call(Direction.OUT, answered=True, seconds=5, at="01.03 10:15", recording="http://r/1.mp3")
    assert (lead.phone, lead.known.external_id) == (Said("phone", "380671112233"), "77")
    assert lead.custom_fields["campaign"] == "spring"


@pytest.mark.parametrize(
    ("changes", "answered"),
    [
        ({"billsec": "0"}, False),
        ({"disposition": "NO ANSWER"}, False),
        ({"billsec": None}, True),
        ({"billsec": None, "disposition": "BUSY"}, False),
        ({"disposition": None}, True),
    ],
)
def test_tells_whether_a_call_of_ringostat_was_answered(changes: dict[str, str | None], answered: bool) -> None:
    assert call_of(SourceKind.RINGOSTAT, requests.fields_of("ringostat", **changes)).answered is answered


def test_knows_a_call_of_ringostat_without_an_id_by_who_called_when() -> None:
    one, again, later = (
        read(SourceKind.RINGOSTAT, requests.fields_of("ringostat", uniqueid=None, **changes)).known
        for changes in ({}, {"billsec": "1"}, {"calldate": "2026-03-01 10:15:21"})
    )

    assert one.key == again.key != later.key
    assert one.lasts is None


def test_takes_a_callback_for_an_incoming_call() -> None:
    assert (
        call_of(SourceKind.RINGOSTAT, requests.fields_of("ringostat", call_type="callback")).direction is Direction.IN
    )


def test_reads_a_call_of_phonet() -> None:
    lead = read(SourceKind.PHONET, requests.posted("phonet"))

    assert (lead.phone, lead.known.lasts) == (Said("num", "0501112233"), None)
    assert (lead.taken_by, lead.custom_fields["ext"]) == (("901", "Олена"), "901")
    assert lead.known.external_id == "b8a1f0a2-6f5e-4f0e-9c1c-3f1df4c7f8aa"
    assert lead.call == Call(
        Direction.IN,
        answered=True,
        seconds=125,
        at="2024-03-01T08:15:20Z",
        recording="https://podium.phonet.com.ua/rest/public/calls/b8a1f0a2/audio",
    )
    ended = call_of(SourceKind.PHONET, requests.posted("phonet", dialAt=None, lgDirection=2, billSecs=0))
    assert ended == Call(
        Direction.OUT, answered=False, seconds=0, at="2024-03-01T08:17:30Z", recording=lead.call.recording
    )


@pytest.mark.parametrize(
    ("kind", "request_", "state", "code"),
    [
        (SourceKind.RINGOSTAT, requests.fields_of("ringostat", call_type=None), InboxState.REJECTED, "NO_DIRECTION"),
        (SourceKind.RINGOSTAT, requests.fields_of("ringostat", caller=None), InboxState.REJECTED, "NO_CONTACT"),
        (SourceKind.PHONET, requests.posted("phonet", event="call.dial"), InboxState.IGNORED, "NOT_COMPLETED"),
        (SourceKind.PHONET, requests.posted("phonet", event="call.bridge"), InboxState.IGNORED, "NOT_COMPLETED"),
        (SourceKind.PHONET, requests.posted("phonet", lgDirection=1), InboxState.IGNORED, "INTERNAL_CALL"),
        (SourceKind.PHONET, requests.posted("phonet", lgDirection=9), InboxState.REJECTED, "NO_DIRECTION"),
        (SourceKind.PHONET, requests.posted("phonet", otherLegs=[{}, "x"]), InboxState.REJECTED, "NO_CONTACT"),
    ],
)
def test_makes_nothing_of_other_calls(kind: SourceKind, request_: Request, state: InboxState, code: str) -> None:
    assert refused(kind, request_) == (state, code)
