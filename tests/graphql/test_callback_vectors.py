"""Signatures that providers document, sent as calls: what they signed is kept, and what differs changes nothing."""

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from shared.db import Database
from shared.payments import Call
from tests.graphql.calling import NOT_LET_IN, House, house_of
from tests.shared.payments import signing
from tests.shared.payments.vectors import (
    DOCS_DATA,
    DOCS_KEY,
    DOCS_SHA3,
    PAID_BY_ITS_SDK,
    PAID_DATA,
    PAID_SHA1,
    expected,
    given,
)

BANK, CARDS = given("monobank", "official webhook"), given("stripe", "t=12345")
BODY: str = BANK["body_utf8"]
SHA1, SHA3 = expected("liqpay", "docs callback check"), expected("liqpay", "same input, sha3-256")
CALLBACK = expected("wayforpay", "callback")
LATER = "t=1492774577,v1=d21d91b425674689e03346536b8fec6384a8721d43ebe269a1689a3ad22cba9c"


def liqpay(data: str, signature: str) -> Call:
    return Call(signing.FORM, urlencode({"data": data, "signature": signature}).encode())


def wayforpay(signature: str, **changes: str) -> Call:
    names = ("merchantAccount", "orderReference", "amount", "currency", "authCode", "cardPan", "transactionStatus")
    payload: dict[str, Any] = dict(zip((*names, "reasonCode"), given("wayforpay", "callback")["parts"], strict=True))
    payload |= {**changes, "merchantSignature": signature}
    return Call(signing.JSON, orjson.dumps({**payload, "amount": orjson.Fragment(payload["amount"].encode())}))


def monobank(body: str, x_sign: str = BANK["x_sign_b64"]) -> Call:
    return Call({"x-sign": x_sign}, body.encode())


def stripe(header: str) -> Call:
    return Call({"stripe-signature": header}, CARDS["body"].encode())


@pytest.fixture(scope="module")
async def by_sha1(db: Database) -> AsyncIterator[House]:
    keys = f"your_private_key, {DOCS_KEY}"
    async with house_of(db, voronka_liqpay_private_key=keys) as house:
        house.bank.replies["/api/merchant/pubkey"] = lambda _path, _body: {"key": BANK["pubkey_b64"]}
        yield house


@pytest.fixture(scope="module")
async def by_sha3(db: Database) -> AsyncIterator[House]:
    keys, merchant = f"your_private_key, {DOCS_KEY}", "test_merch_n2"
    async with house_of(
        db,
        voronka_liqpay_private_key=keys,
        voronka_liqpay_hash="sha3-256",
        voronka_wayforpay_account=merchant,
        voronka_stripe_webhook_secret="whsec_another",
    ) as house:
        yield house


async def test_what_providers_have_signed_is_kept(by_sha1: House, by_sha3: House) -> None:
    """All are about orders that are not ours, or that cannot be: those end as dead letters."""
    told = [
        (by_sha1, "liqpay", liqpay("base64_post_string", SHA1), "DEAD"),
        (by_sha1, "liqpay", liqpay(PAID_DATA, PAID_SHA1), "DEAD"),
        (by_sha3, "liqpay", liqpay("base64_post_string", SHA3), "DEAD"),
        (by_sha3, "liqpay", liqpay(DOCS_DATA, DOCS_SHA3), "DEAD"),
        (by_sha1, "wayforpay", wayforpay(CALLBACK), "DEAD"),
        (by_sha1, "monobank", monobank(BODY), "DEAD"),
        (by_sha1, "stripe", signing.stripe_raw(CARDS["body"].encode()), "IGNORED"),
    ]

    for house, provider, call, _ in told:
        assert (await house.call(provider, call))[0] == 200, call
    await by_sha1.work()
    await by_sha3.work()

    assert [[row["state"] for row in await house.kept(call)] for house, _, call, _ in told] == [
        [state] for *_, state in told
    ]


async def test_what_they_have_not_signed_changes_nothing(by_sha1: House, by_sha3: House) -> None:
    another_day = f"t={int(time.time())},v1={expected('stripe', 't=12345')}"
    strangers = [
        (by_sha1, "liqpay", liqpay("base64_post_string", SHA3)),
        (by_sha3, "liqpay", liqpay("base64_post_string", SHA1)),
        (by_sha1, "liqpay", liqpay("base64_post_strinG", SHA1)),
        (by_sha1, "liqpay", liqpay("base64_post_string", SHA1.lower())),
        (by_sha1, "liqpay", liqpay(PAID_DATA, PAID_BY_ITS_SDK)),
        (by_sha1, "liqpay", liqpay(DOCS_DATA, DOCS_SHA3)),
        (by_sha1, "wayforpay", wayforpay(CALLBACK, amount="1547.360")),
        (by_sha1, "wayforpay", wayforpay(CALLBACK, transactionStatus="Declined")),
        (by_sha1, "wayforpay", wayforpay(expected("wayforpay", "purchase"))),
        (by_sha1, "wayforpay", wayforpay(expected("wayforpay", "accept answer"))),
        (by_sha1, "wayforpay", wayforpay("b95932786cbe243a76b014846b63fe92")),  # as the documentation prints it
        (by_sha3, "wayforpay", wayforpay(CALLBACK)),
        (by_sha1, "monobank", monobank(orjson.dumps(orjson.loads(BODY)).decode())),
        (by_sha1, "monobank", monobank(BODY.replace("4200", "4201", 1))),
        (by_sha1, "monobank", monobank(f"{BODY}\n")),
        (by_sha1, "monobank", monobank(BODY, BANK["x_sign_b64"][:-4])),
        (by_sha3, "monobank", monobank(BODY)),
        (by_sha1, "stripe", stripe(CARDS["header"])),
        (by_sha1, "stripe", stripe(LATER)),
        (by_sha1, "stripe", stripe(another_day)),
        (by_sha3, "stripe", signing.stripe_raw(CARDS["body"].encode())),
        (by_sha1, "fondy", Call({}, f"signature={expected('fondy/hutko', 'documented string')}".encode())),
    ]
    before = await by_sha1.traces()

    assert [await house.call(provider, call) for house, provider, call in strangers] == [NOT_LET_IN] * len(strangers)

    assert await by_sha1.traces() == before
