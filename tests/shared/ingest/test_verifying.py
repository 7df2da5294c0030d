"""Who is let in: by the address, by a key in the body, by a signature over the bytes."""

import hashlib
import hmac
from dataclasses import replace

import pytest

from shared.ingest import Request, SourceKind, Vault, unreadable
from shared.ingest.model import Caller, Lock, NotALead, hash_of
from shared.ingest.sources import KINDS, facebook_leads
from tests.samples import requests
from tests.shared.ingest.taking import CALLER, SECRET

LOCK = Lock((hash_of(SECRET), hash_of("the-one-before-it")), secrets=(SECRET, "the-one-before-it"))
NOW = int(CALLER.at.timestamp())
NOBODY = replace(CALLER, secret=None)
STRANGER = replace(CALLER, secret="a-guess-of-a-secret")


def signature(secret: str, message: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def signed(secret: str = SECRET, at: int | str = NOW, body: bytes | None = None) -> Request:
    """The JSON of a program that signs."""
    sent = requests.posted("json_post")
    headers = {"x-timestamp": f"{at}", "x-signature-256": signature(secret, f"{at}.".encode() + sent.body)}
    return Request({**sent.headers, **headers}, sent.body if body is None else body)


@pytest.mark.parametrize(
    ("caller", "request_", "opens"),
    [
        (CALLER, requests.posted("json_post"), True),
        (NOBODY, requests.posted("json_post"), False),
        (STRANGER, requests.posted("json_post"), False),
        (NOBODY, signed(), True),
        (CALLER, signed(), True),
        (STRANGER, signed(), False),
        (NOBODY, signed("the-one-before-it"), True),
        (NOBODY, signed("another"), False),
        (CALLER, signed("another"), False),
        (NOBODY, signed(at=NOW - 300), True),
        (NOBODY, signed(at=NOW + 300), True),
        (NOBODY, signed(at=NOW - 301), False),
        (NOBODY, signed(at=NOW + 301), False),
        (NOBODY, signed(at="nan"), False),
        (NOBODY, signed(at="soon"), False),
        (NOBODY, signed(body=b"{}"), False),
    ],
)
def test_lets_in_programs_that_sign_or_know_the_address(caller: Caller, request_: Request, opens: bool) -> None:
    assert KINDS[SourceKind.JSON].verify(LOCK, caller, request_) is opens


def test_lets_in_facebook_by_its_signature_over_the_bytes() -> None:
    sent, verify = requests.posted("facebook_leads"), facebook_leads.verify
    right = signature(SECRET, sent.body)

    def with_signature(text: str, body: bytes = sent.body) -> Request:
        return Request({**sent.headers, "x-hub-signature-256": text}, body)

    assert verify(LOCK, NOBODY, with_signature(right))
    assert not verify(LOCK, STRANGER, with_signature(right))
    assert not verify(LOCK, NOBODY, with_signature(right, sent.body + b" "))
    assert not verify(LOCK, NOBODY, with_signature(right.upper()))
    assert not verify(LOCK, NOBODY, with_signature("sha256=\udcff"))
    assert not verify(LOCK, CALLER, sent)
    assert not verify(Lock(LOCK.hashes), NOBODY, with_signature(right))


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, "1158201444"),
        ({"hub.verify_token": SECRET}, "1158201444"),  # the source's own
        ({"hub.verify_token": "another"}, None),
        ({"hub.verify_token": ""}, None),
        ({"hub.mode": "unsubscribe"}, None),
        ({"hub.challenge": "x" * 5_000}, "x" * 1_000),
    ],
)
def test_answers_facebook_when_it_connects(changes: dict[str, str], answer: str | None) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "of-the-operator", "hub.challenge": "1158201444"} | changes

    assert facebook_leads.greet(query, LOCK, ["of-the-operator"]) == answer


def test_lets_in_google_by_the_key_in_the_body() -> None:
    def verify(caller: Caller, request: Request) -> bool:
        return KINDS[SourceKind.GOOGLE_LEADS].verify(LOCK, caller, request)

    assert verify(NOBODY, requests.posted("google_leads"))
    assert verify(CALLER, requests.posted("google_leads"))
    assert not verify(STRANGER, requests.posted("google_leads"))
    assert not verify(CALLER, requests.posted("google_leads", google_key="another"))
    assert not verify(CALLER, requests.posted("google_leads", google_key=7))
    assert not verify(CALLER, Request(requests.JSON, b"[" * 1_000))
    assert not verify(CALLER, Request(requests.JSON, b'{"google_key": "\\ud800\xff"}'))


@pytest.mark.parametrize("bad", [b'"\\u0000"', b'"\xff"', b"NaN", b"[" * 500 + b"]" * 500, b"no JSON"])
def test_lets_in_google_with_what_cannot_be_read_and_shows_no_secret(bad: bytes) -> None:
    google = KINDS[SourceKind.GOOGLE_LEADS]
    said = Request(requests.JSON, b'{"google_key" : "%s", "lead_id": %s}' % (SECRET.encode(), bad))

    assert google.verify(LOCK, NOBODY, said)
    with pytest.raises(NotALead) as refused:
        google.parse(said, {})
    assert refused.value.payload == unreadable.raw(Request({}, said.body.replace(SECRET.encode(), b"")))


@pytest.mark.parametrize("kind", [SourceKind.FORM, SourceKind.TILDA, SourceKind.RINGOSTAT, SourceKind.PHONET])
def test_lets_in_whoever_knows_the_address(kind: SourceKind) -> None:
    sent = requests.web_form()

    assert KINDS[kind].verify(LOCK, CALLER, sent)
    assert KINDS[kind].verify(LOCK, replace(CALLER, secret="the-one-before-it"), sent)
    assert not KINDS[kind].verify(LOCK, STRANGER, sent)
    assert not KINDS[kind].verify(LOCK, NOBODY, sent)


def test_a_vault_opens_what_it_sealed_and_nothing_else() -> None:
    sealed = Vault("one key").seal("секрет")

    assert b"\xd1" not in sealed
    assert Vault("one key").open(sealed) == "секрет"
    assert Vault("another key").open(sealed) is None
