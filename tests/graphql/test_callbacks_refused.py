"""Calls that nobody of ours has signed change nothing and hear one and the same; signed ones that cannot be read stay."""

import socket
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlencode
from uuid import UUID

import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from services.graphql import callbacks
from shared.db import Database
from shared.payments import Call
from shared.payments.providers import sandbox, wayforpay
from tests.graphql.calling import MAKERS, NOT_LET_IN, House, house_of
from tests.shared.payments import signing, stories

PROVIDERS = list(MAKERS)
ANOTHER_BANK = ec.generate_private_key(ec.SECP256R1())
HALF = "\\ud800"  # half of a letter, as JSON may spell it


@pytest.fixture(scope="module")
async def house(db: Database) -> AsyncIterator[House]:
    async with house_of(db) as house:
        yield house


def signed_by_others(provider: str, body: bytes) -> Call:
    """What another merchant of the provider would be called with: all is right but the key."""
    match provider:
        case "liqpay":
            return signing.liqpay_raw(parse_qs(body.decode())["data"][0], key="another")
        case "wayforpay":
            payload = orjson.loads(body)
            parts = [str(payload[name]) for name in wayforpay.SIGNED]
            return Call(signing.JSON, orjson.dumps(payload | {"merchantSignature": wayforpay.sign("another", parts)}))
        case "monobank":
            signature = ANOTHER_BANK.sign(body, ec.ECDSA(hashes.SHA256()))
            return Call({"x-sign": b64encode(signature).decode()}, body)
        case "stripe":
            return signing.stripe_raw(body, secret="whsec_another")
        case _:
            return Call({sandbox.SIGNATURE: sandbox.sign(b"another", body)}, body)


def changed(provider: str, body: bytes, spoil: Callable[[bytes], bytes]) -> bytes:
    """What is signed is another; the signature is the old one."""
    if provider != "liqpay":
        return spoil(body)
    form = parse_qs(body.decode())
    data = b64encode(spoil(b64decode(form["data"][0]))).decode()
    return urlencode({"data": data, "signature": form["signature"][0]}).encode()


SPOILED: dict[str, Callable[[str, Call], Call]] = {
    "forged: nothing is signed": lambda _, call: Call({}, b"data=e30%3D" if b"data=" in call.body else b"{}"),
    "forged: more money": lambda name, call: Call(
        call.headers, changed(name, call.body, lambda body: body.replace(b"500", b"501", 1))
    ),
    "other merchant": lambda name, call: signed_by_others(name, call.body),
    "cut at its end": lambda _, call: Call(call.headers, call.body[:-5]),
    "cut in the middle": lambda _, call: Call(call.headers, call.body[: len(call.body) // 2]),
    "empty": lambda _, call: Call(call.headers, b""),
    "in UTF-16": lambda _, call: Call(call.headers, call.body.decode().encode("utf-16")),
    "no text": lambda _, call: Call(call.headers, b"\xff\xfe" + call.body),
    "as base64": lambda _, call: Call(call.headers, b64encode(call.body)),
    "packed": lambda _, call: Call({**call.headers, "content-encoding": "gzip"}, b"\x1f\x8b" + call.body),
}


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_whoever_is_not_let_in_hears_the_same_and_changes_nothing(
    house: House, db: Database, provider: str
) -> None:
    begun = await stories.begun(db, provider)
    before = await house.traces()

    heard = {
        name: await house.call(provider, spoil(provider, MAKERS[provider](begun.id))) for name, spoil in SPOILED.items()
    }

    assert heard == dict.fromkeys(SPOILED, NOT_LET_IN)
    assert await house.traces() == before
    assert await stories.end(db, begun) == stories.End("CREATED", 0, [], 0, 0)


async def test_what_is_particular_to_a_provider_lets_nobody_in(house: House) -> None:
    id = UUID(int=1)
    mono, stripe = signing.monobank_call(id), signing.stripe_call(id)
    now = int(time.time())
    strangers = [
        ("nobody", mono),
        ("fondy", signing.liqpay_call(id)),
        ("LiqPay", signing.liqpay_call(id)),
        ("liqpay", signing.liqpay_raw("e30=", algorithm="sha3-256")),
        ("liqpay", signing.liqpay_call(id, public_key="i00000001")),
        ("liqpay", Call({}, signing.liqpay_call(id).body + b"&data=e30%3D")),
        ("wayforpay", signing.wayforpay_call(id, merchantAccount="another")),
        ("wayforpay", Call({}, b'{"merchantAccount":"test_merch_n1","orderReference":"%s"}' % HALF.encode())),
        ("wayforpay", Call({}, b"[" * 100_000)),
        ("monobank", Call({**mono.headers, "x-sign": "é"}, mono.body)),
        ("monobank", Call({}, mono.body)),
        ("stripe", signing.stripe_call(id, at=now - 301)),
        ("stripe", Call({"stripe-signature": "t=x,v1=y"}, stripe.body)),
        ("stripe", Call({"stripe-signature": f"t={now}"}, stripe.body)),
        ("stripe", Call({"stripe-signature": f"t={now},v1=é"}, stripe.body)),
        ("stripe", Call({"stripe-signature": stripe.headers["stripe-signature"].replace("v1=", "v0=")}, stripe.body)),
        ("sandbox", Call({"x-sandbox-signature": "é"}, b"{}")),
    ]
    before = await house.traces()

    assert [await house.call(provider, call) for provider, call in strangers] == [NOT_LET_IN] * len(strangers)

    assert await house.traces() == before


@pytest.mark.parametrize("provider", [*PROVIDERS, "nobody"])
async def test_a_body_is_as_large_as_it_may_be(house: House, provider: str) -> None:
    largest = b"x" * callbacks.LARGEST_BODY

    async def in_parts() -> AsyncIterator[bytes]:
        yield largest
        yield b"x"

    assert await house.call(provider, Call({}, largest)) == NOT_LET_IN
    for too_large in (largest + b"x", in_parts()):
        response = await house.client.post(f"/callbacks/{provider}", content=too_large)
        assert (response.status_code, response.headers["connection"]) == (413, "close")


async def test_a_call_that_breaks_off_is_not_kept(house: House) -> None:
    before = await house.traces()
    call, host = signing.sandbox_call(UUID(int=1)), house.client.base_url
    head = f"POST /callbacks/sandbox HTTP/1.1\r\nhost: voronka\r\ncontent-length: {len(call.body)}\r\n\r\n".encode()
    with socket.create_connection((host.host, host.port)) as caller:
        caller.sendall(head + call.body[:-1])

    assert await house.call("sandbox", Call({}, b"{}")) == NOT_LET_IN  # the next one is heard
    assert await house.traces() == before


def liqpay_amount(amount: object) -> Call:
    payload = {"order_id": str(UUID(int=1)), "status": "success", "currency": "UAH", "amount": amount}
    return signing.liqpay_raw(b64encode(orjson.dumps(payload)).decode())


UNREADABLE: dict[str, list[Call]] = {
    "liqpay": [
        signing.liqpay_raw("bm8ganNvbg=="),
        signing.liqpay_raw("no base64!"),
        signing.liqpay_raw("W10="),
        signing.liqpay_call(UUID(int=1), status="a new one"),
        signing.liqpay_call(UUID(int=1), order_id="order-1"),
        signing.liqpay_call(UUID(int=1), order_id="x" * 10_000),
        liqpay_amount("1E+999999999"),
        liqpay_amount("NaN"),
        liqpay_amount({}),
        signing.liqpay_call(UUID(int=1), refund_amount="-1"),
    ],
    "wayforpay": [
        signing.wayforpay_call(UUID(int=1), "Unheard"),
        signing.wayforpay_call(UUID(int=1), currency="ГРН"),
        signing.wayforpay_call(UUID(int=1), orderReference="DH783023"),
        signing.wayforpay_call(UUID(int=1), "Refunded", refundAmount="all"),
    ],
    "monobank": [
        signing.monobank_raw(b"[]"),
        signing.monobank_raw(b"\xff"),
        signing.monobank_raw(b'{"reference": "%s"}' % HALF.encode()),
        signing.monobank_call(UUID(int=1), ccy=1),
        signing.monobank_call(UUID(int=1), amount=-1),
        signing.monobank_call(UUID(int=1), finalAmount="all"),
        signing.monobank_call(UUID(int=1), reference=None),
        signing.monobank_raw(b'{"status": ["success"], "ccy": 980, "amount": 1}'),
    ],
    "stripe": [
        signing.stripe_raw(b"null"),
        signing.stripe_raw(b'{"data": []}'),
        signing.stripe_raw(b'{"data": {"object": "pi_1"}}'),
        signing.stripe_call(UUID(int=1), "a new one"),
        signing.stripe_call(UUID(int=1), amount_received=None),
        signing.stripe_call(UUID(int=1), amount_received=9 * 10**17),
        signing.stripe_call(UUID(int=1), metadata={"payment_id": "\0"}),
        signing.stripe_call(UUID(int=1), currency=None),
    ],
    "sandbox": [
        signing.sandbox_raw(b"[ ]"),
        signing.sandbox_raw(b"{}"),
        signing.sandbox_raw(b'{"order": "%s"}' % HALF.encode()),
        signing.sandbox_call(UUID(int=1), "A NEW ONE"),
        signing.sandbox_call(UUID(int=1), amount=-1),
    ],
}


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_what_is_signed_and_unreadable_is_a_dead_letter(house: House, provider: str) -> None:
    calls = UNREADABLE[provider]

    assert [(await house.call(provider, call))[0] for call in calls] == [200] * len(calls)

    for call in calls:
        (kept,) = await house.kept(call)
        assert (kept["state"], bool(kept["reason"])) == ("DEAD", True), call
