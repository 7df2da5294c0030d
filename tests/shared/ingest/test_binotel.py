"""What Binotel says of a call."""

import pytest

from shared.deals import DealSource
from shared.ingest import InboxState, Request
from shared.ingest.model import Caller, Direction, Lead, Lock, NotALead, Said, hash_of
from shared.ingest.sources import binotel
from tests.samples import requests
from tests.shared.ingest.taking import CALLER


def read(request: Request) -> Lead:
    (lead,) = binotel.parse(request, {})
    return lead


def test_reads_a_recorded_call() -> None:
    lead = read(requests.binotel_call())

    assert lead.known.external_id == "4683310794"
    assert lead.known.lasts is None
    assert lead.phone == Said("externalNumber", "0990272198")
    assert lead.taken_by == ("Olena@example.com",)
    assert lead.came_as is DealSource.CALL
    assert lead.custom_fields == {
        "direction": "incoming",
        "answered": True,
        "billsec": 17,
        "waitsec": 13,
        "startTime": "2023-12-09T07:31:16Z",
        "recording": "https://my.binotel.ua/?module=cdrs&action=generateFile&fileName=4683310794.mp3",
    }
    assert lead.payload["callDetails"]["historyData"] == {"0": {"waitsec": "13", "disposition": "ANSWER"}}


@pytest.mark.parametrize(
    ("disposition", "billsec", "answered"),
    [("ANSWER", "17", True), ("ANSWER", "0", False), ("NOANSWER", "17", False), ("BUSY", None, False)],
)
def test_tells_whether_anybody_answered(disposition: str, billsec: str | None, answered: bool) -> None:
    call = read(requests.binotel_call(disposition=disposition, billsec=billsec))

    assert call.custom_fields["answered"] is answered


def test_tells_which_way_a_call_went() -> None:
    call = read(requests.binotel_call(callType="1")).call

    assert call is not None
    assert (call.direction, call.missed) == (Direction.OUT, False)


@pytest.mark.parametrize(
    "changes",
    [{"startTime": "9" * 15}, {"startTime": "soon"}, {"startTime": None}, {"startTime": "9" * 100_000}],
)
def test_leaves_out_a_time_that_it_cannot_read(changes: dict[str, str | None]) -> None:
    assert "startTime" not in read(requests.binotel_call(**changes)).custom_fields


@pytest.mark.parametrize(
    ("changes", "state", "code"),
    [
        ({"requestType": "receivedTheCall"}, InboxState.IGNORED, "NOT_COMPLETED"),
        ({"requestType": None}, InboxState.IGNORED, "NOT_COMPLETED"),
        ({"callType": "7"}, InboxState.REJECTED, "NO_DIRECTION"),
        ({"externalNumber": None}, InboxState.REJECTED, "NO_CONTACT"),
        ({"externalNumber": " "}, InboxState.REJECTED, "NO_CONTACT"),
    ],
)
def test_makes_nothing_of_other_calls(changes: dict[str, str | None], state: InboxState, code: str) -> None:
    with pytest.raises(NotALead) as refused:
        read(requests.binotel_call(**changes))

    assert (refused.value.state, refused.value.code) == (state, code)
    assert refused.value.external_id == "4683310794"


def test_reads_details_that_are_no_details() -> None:
    with pytest.raises(NotALead) as refused:
        read(requests.form({"requestType": "apiCallCompleted", "callDetails": "all well"}))

    assert refused.value.code == "NO_DIRECTION"


def test_knows_a_call_without_an_id_by_its_body() -> None:
    first, again = (read(requests.binotel_call(generalCallID=None, callID=None)) for _ in range(2))

    assert first.known.key == again.known.key
    assert first.known.lasts is not None


@pytest.mark.parametrize(
    ("secret", "ip", "ips", "opens"),
    [
        ("right-secret-right", "10.0.0.1", (), True),
        ("wrong", "10.0.0.1", (), False),
        (None, "10.0.0.1", (), False),
        ("right-secret-right", "10.0.0.1", ("10.0.0.1", "10.0.0.2"), True),
        ("right-secret-right", "10.0.0.3", ("10.0.0.1",), False),
        ("right-secret-right", None, ("10.0.0.1",), False),
    ],
)
def test_lets_in_who_has_the_secret_and_calls_from_home(
    secret: str | None, ip: str | None, ips: tuple[str, ...], opens: bool
) -> None:
    lock = Lock((hash_of("right-secret-right"),), frozenset(ips))

    assert binotel.verify(lock, Caller(secret, ip, CALLER.at), requests.binotel_call()) is opens
