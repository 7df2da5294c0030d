"""Tokens that are signed with keys the host CRM publishes: when keys are fetched, and which of them are good."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.graphql import keys
from services.graphql.keys import Keys
from services.graphql.tokens import Tokens
from shared import accounts, ids
from shared.config import Settings
from shared.errors import Unauthenticated, Unavailable
from tests import client
from tests.forks import another
from tests.graphql import publishing
from tests.graphql.publishing import P384, Publisher, claims, public, signed

SECRET = client.SECRET
ANYWHERE = ids.new()
RSA, EC = publishing.rsa(), publishing.ec()


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def crm() -> AsyncIterator[Publisher]:
    async with publishing.publisher() as published:
        published.keys = [public(RSA, "r"), public(EC, "e")]
        yield published


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(crm: Publisher, clock: Clock) -> Keys:
    return Keys(crm.url, clock)


def tokens(crm: Publisher) -> Tokens:
    return Tokens(Settings(database_url="x", redis_url="x", voronka_jwt_secret=SECRET, voronka_jwks_url=crm.url))


async def is_good(reading: Tokens, token: str) -> bool:
    try:
        await reading.read(token)
    except Unauthenticated:
        return False
    return True


# ─── when keys are fetched ───────────────────────────────────────────────────────────────────────


async def test_many_who_ask_at_once_fetch_once(kept: Keys, crm: Publisher) -> None:
    crm.pause = 0.05

    found = await asyncio.gather(*(kept.find(id) for id in ["r", "e"] * 20))

    assert [key.algorithm_name for key in found if key is not None] == ["RS256", "ES256"] * 20
    assert crm.asked == 1


async def test_keys_are_kept_for_five_minutes(kept: Keys, crm: Publisher, clock: Clock) -> None:
    await kept.find("r")
    clock.seconds += 299
    await kept.find("r")
    assert crm.asked == 1

    clock.seconds += 2
    await kept.find("r")
    await kept.find("e")
    assert crm.asked == 2


async def test_a_new_key_is_fetched_at_once(kept: Keys, crm: Publisher) -> None:
    await kept.find("r")
    crm.keys.append(public(publishing.ec(), "new"))

    assert await kept.find("new") is not None
    assert crm.asked == 2


async def test_keys_that_nobody_knows_are_asked_for_once_in_thirty_seconds(
    kept: Keys, crm: Publisher, clock: Clock
) -> None:
    await kept.find("r")
    assert await asyncio.gather(*(kept.find(f"made up {number}") for number in range(20))) == [None] * 20
    assert crm.asked == 2

    clock.seconds += 29
    assert await kept.find("made up") is None
    assert crm.asked == 2
    clock.seconds += 2
    assert await kept.find("made up") is None
    assert crm.asked == 3


async def test_a_key_that_is_published_no_more_is_good_no_more(kept: Keys, crm: Publisher, clock: Clock) -> None:
    assert await kept.find("r") is not None
    crm.keys = [public(EC, "e")]
    clock.seconds += 301

    assert await kept.find("r") is None


@pytest.mark.parametrize(
    "fall",
    [
        {"status": 503},
        {"status": 302},
        {"body": b"not JSON"},
        {"body": b"[]"},
        {"body": b'{"keys": {}}'},
        {"body": b" " * (keys.LARGEST + 1)},
    ],
)
async def test_old_keys_go_on_for_an_hour_when_new_ones_cannot_be_had(
    kept: Keys, crm: Publisher, clock: Clock, fall: dict[str, Any]
) -> None:
    await kept.find("r")
    vars(crm).update(fall)
    clock.seconds += 301
    assert [await kept.find(id) is not None for id in ("r", "e", "r")] == [True] * 3
    assert crm.asked == 2  # and the URL is left in peace for a while

    clock.seconds += 3_600
    with pytest.raises(Unavailable):
        await kept.find("r")
    crm.status, crm.body = 200, None
    clock.seconds += 31
    assert await kept.find("r") is not None


async def test_without_any_keys_nobody_can_say_who_it_is_for_a_second(kept: Keys, crm: Publisher, clock: Clock) -> None:
    crm.status = 500
    for _ in range(3):
        with pytest.raises(Unavailable):
            await kept.find("r")
    assert crm.asked == 1

    crm.status = 200
    clock.seconds += 1.1
    assert await kept.find("r") is not None


async def test_does_not_wait_long_for_an_answer(kept: Keys, crm: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "PATIENCE", 0.2)
    crm.pause = 0.5

    with pytest.raises(Unavailable):
        await kept.find("r")


async def test_an_address_where_nobody_answers_is_an_outage() -> None:
    for url in ("http://127.0.0.1:1/keys", "http://[nowhere", "gopher://x"):
        with pytest.raises(Unavailable):
            await Keys(url).find("r")


# ─── which keys are good ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "unfit",
    [
        public(RSA, "k", use="enc"),
        public(RSA, "k", alg="RS512"),
        public(RSA, "k", alg="HS256"),
        public(EC, "k", alg="RS256"),
        public(publishing.ec(P384), "k"),
        public(publishing.rsa(1_024), "k"),
        {"kty": "oct", "kid": "k", "k": base64.urlsafe_b64encode(SECRET.encode()).decode()},
        {"kty": "RSA", "kid": "k", "n": "AQAB"},
        {"kty": "RSA", "kid": "k", "n": 7, "e": None},
        {"kty": "EC", "kid": "k", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": ["RSA"], "kid": "k"},
        {"kid": 7},
        "k",
        None,
    ],
)
async def test_what_is_no_key_of_ours_is_left_out(kept: Keys, crm: Publisher, unfit: Any) -> None:
    crm.keys.insert(0, unfit)

    assert await kept.find("k") is None
    assert await kept.find("e") is not None


@pytest.mark.parametrize("marks", [{}, {"use": "sig"}, {"alg": "RS256", "x5c": ["AA"]}])
async def test_takes_keys_that_say_more_or_less_of_themselves(kept: Keys, crm: Publisher, marks: Any) -> None:
    crm.keys = [public(RSA, "k", **marks)]

    assert await kept.find("k") is not None


# ─── which tokens are good ───────────────────────────────────────────────────────────────────────


async def test_lets_tokens_of_published_keys_in(crm: Publisher) -> None:
    said = claims(ANYWHERE, permissions=["DEALS_WRITE"], locale="en")

    for key, algorithm, kid in ((RSA, "RS256", "r"), (EC, "ES256", "e")):
        read = await tokens(crm).read(signed(key, algorithm, said, kid=kid))
        assert (str(read.user), read.account, read.locale) == (said["sub"], ANYWHERE, "en")
        assert [str(one) for one in read.permissions] == ["DEALS_WRITE"]


async def test_lets_no_other_tokens_in(crm: Publisher) -> None:
    said = claims(ANYWHERE)
    stranger = publishing.rsa()
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    bad = {
        "signed with the secret": signed(SECRET, "HS256", said),
        "signed with the secret, by the name of a key": signed(SECRET, "HS256", said, kid="r"),
        "signed with the public key as a secret": hmac_signed(pem, said),
        "not signed": signed(None, "none", said, kid="r"),
        "of a stranger": signed(stranger, "RS256", said, kid="r"),
        "of a stranger who brings the key": signed(stranger, "RS256", said, kid="r", jwk=public(stranger, "r")),
        "of a stranger who tells where the keys are": signed(stranger, "RS256", said, kid="r", jku=crm.url + "?mine"),
        "by no key's name": signed(RSA, "RS256", said),
        "by another key's name": signed(RSA, "RS256", said, kid="e"),
        "by an unknown name": signed(RSA, "RS256", said, kid="../../dev/null"),
        "by an algorithm that is not the key's": signed(RSA, "PS256", said, kid="r"),
        "by a longer hash": signed(RSA, "RS512", said, kid="r"),
        "of another issuer": signed(RSA, "RS256", claims(ANYWHERE, iss="someone"), kid="r"),
        "for another service": signed(RSA, "RS256", claims(ANYWHERE, aud="another"), kid="r"),
        "ended": signed(RSA, "RS256", claims(ANYWHERE, exp=1), kid="r"),
        "garbage": "a.b.c",
        "empty": "",
    }
    reading = tokens(crm)
    assert {why: await is_good(reading, token) for why, token in bad.items()} == dict.fromkeys(bad, False)


def hmac_signed(secret: bytes, said: dict[str, Any]) -> str:
    """What the library refuses to make: an HS256 token whose secret is a public key."""
    head = {"alg": "HS256", "typ": "JWT", "kid": "r"}
    body = b".".join(base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in (head, said))
    signature = base64.urlsafe_b64encode(hmac.digest(secret, body, hashlib.sha256)).rstrip(b"=")
    return (body + b"." + signature).decode()


async def test_an_api_that_is_told_where_the_keys_are_takes_no_secret(
    api: client.Api, crm: Publisher, account: accounts.Account, tmp_path: Path
) -> None:
    who, token = "{ viewer { user { name } } }", signed(EC, "ES256", claims(account.id), kid="e")
    crm.status = 500
    async with another(api, tmp_path, VORONKA_JWKS_URL=crm.url) as taught:
        nobody_knows = await taught.graphql(who, token=token)
        assert (nobody_knows.status, nobody_knows.codes) == (503, ["UNAVAILABLE"])
        assert nobody_knows.headers["retry-after"] == "1"

        crm.status = 200
        await asyncio.sleep(keys.HURRY)
        assert (await taught.graphql(who, token=token)).data["viewer"]["user"]["name"] == "Олена"
        assert (await taught.graphql(who, token=taught.person(account.id))).status == 401
