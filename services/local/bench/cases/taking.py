"""What the outside world posts: forms and payment callbacks. Each is committed, to the disk, before it is answered.

Beside it a bare route that inserts the same rows: what the disk and PostgreSQL let through.
"""

from base64 import b64encode
from collections.abc import Iterator
from itertools import count
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

import orjson

from services.local.bench import load
from services.local.bench.cases import documents, working
from services.local.bench.ground import Ground
from services.local.bench.house import LIQPAY
from services.local.bench.load import Ask, Asking
from services.local.bench.meter import in_turn
from services.local.bench.results import Claim, Measured, Outcome
from shared.payments.providers.liqpay import sign

POSTED = "kind = 'ingest.perform' AND state = 'queued'"
FORM = "application/x-www-form-urlencoded"


async def callbacks(ground: Ground) -> Outcome:
    """The jobs that they leave are never done here."""
    house = ground.house
    house.dismiss()
    sides = await in_turn(
        house,
        {"product": (house.product, _calling("/callbacks/liqpay")), "limit": (house.limit, _calling("/callbacks"))},
        ground.scale.effort,
    )
    await ground.db.pool.execute("DELETE FROM jobs WHERE kind IN ('payments.callback', 'bench.nothing')")
    claims = [Claim("accepted", sides["product"].rate, 400, "a second", most=False)]
    return Outcome("CALLBACKS", "signed ones of LiqPay, verified and kept", "callback", sides, claims)


def _calling(path: str) -> Asking:
    return lambda _connection: (Ask.post(path, _callback(uuid4()), b"", FORM) for _ in count())


def _callback(order: UUID) -> bytes:
    """As LiqPay writes them, of a payment that nobody began."""
    said = {
        "payment_id": order.int % 10**10,
        "action": "pay",
        "status": "success",
        "version": 3,
        "type": "buy",
        "paytype": "card",
        "public_key": LIQPAY[0],
        "order_id": str(order),
        "description": "Воронка продажів, 01.12.2026 – 01.01.2027",
        "sender_card_mask2": "473118*97",
        "sender_card_bank": "pb",
        "amount": 500.0,
        "currency": "UAH",
        "create_date": 1_795_582_051_000 + order.int % 1_000,
        "end_date": 1_795_582_052_000,
    }
    data = b64encode(orjson.dumps(said)).decode()
    return urlencode({"data": data, "signature": sign(LIQPAY[1], data, "sha1")}).encode()


async def forms(ground: Ground) -> Outcome:
    """Posted while no worker is there; then one comes and makes deals of them."""
    house, address = ground.house, await _source(ground)
    house.dismiss()
    by_hand = f"/sources/{ground.person.account_id}/{address.split('/')[2]}"
    sides = await in_turn(
        house,
        {"product": (house.product, _posting(address)), "limit": (house.limit, _posting(by_hand))},
        ground.scale.effort,
    )
    made = await _made(ground)
    await ground.db.pool.execute(f"DELETE FROM jobs WHERE {POSTED} OR kind = 'bench.nothing'")
    note = f"one worker makes {made.rate:,.0f} deals of them a second"
    return Outcome("INTAKE", "posts of a form, kept; then made deals", "post", {**sides, "deals": made}, [], [note])


async def _source(ground: Ground) -> str:
    """The path that a form posts to: /sources/ID/SECRET."""
    made = ground.query(
        ground.person, documents.CREATE_SOURCE, "createSource", funnel=str(ground.funnels[-1].id), name="Сайт"
    )
    answered = orjson.loads(await load.once(ground.house.product.port or 0, made))
    address: str = answered["data"]["createSource"]["address"]
    return urlsplit(address).path


_visitors = count(1)


def _posting(path: str) -> Asking:
    def posts(_connection: int) -> Iterator[Ask]:
        for visitor in _visitors:
            form = {
                "name": f"Оксана {visitor}",
                "phone": f"+38067{visitor:07}",
                "comment": "Цікавить квартира",
                "utm_source": "google",
            }
            yield Ask.post(path, urlencode(form).encode(), b"", FORM)

    return posts


async def _made(ground: Ground) -> Measured:
    """How quick one worker is with a backlog of posts."""
    pool = ground.db.pool

    async def left() -> int:
        number: int = await pool.fetchval(f"SELECT count(*) FROM jobs WHERE {POSTED}")
        return number

    async def begin() -> int:
        await pool.execute(f"UPDATE jobs SET run_at = clock_timestamp() - interval '2 seconds' WHERE {POSTED}")
        return await left()

    await pool.execute(f"UPDATE jobs SET run_at = 'infinity' WHERE {POSTED}")  # until the worker is there
    return await working.worked_off(ground, 1, begin, left, ground.scale.making)
