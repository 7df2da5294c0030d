"""The story of modules, outside in: carts, evened-out payments, providers' calls, renewals, and what goes wrong."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import orjson
import pytest

from shared.payments import Call
from tests.scenarios.shopping import Owner, Shop, shop
from tests.shared.payments import signing

NOBODY = (403, "Nobody of ours has signed this.")
MAKERS: dict[str, Callable[..., Call]] = {
    "liqpay": signing.liqpay_call,
    "wayforpay": signing.wayforpay_call,
    "monobank": signing.monobank_call,
    "stripe": signing.stripe_call,
}


@pytest.fixture(scope="module")
async def open_shop(dsn: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with shop(tmp_path_factory.mktemp("shop"), dsn, redis_url) as opened:
        yield opened


async def test_the_worked_set_to_the_kopiyka(open_shop: Shop) -> None:
    owner = await open_shop.owner("2026-01-31T10:00:00Z")
    first = await owner.buy("sales_funnel", "MONTH")
    await owner.clock("2026-02-10T10:00:00Z")
    telephony = await owner.quote("telephony", "MONTH")
    ads = await owner.buy("lead_ads", "YEAR")
    await owner.clock("2026-02-28T10:00:00Z")
    on_the_boundary = await owner.quote("telephony", "MONTH")
    await owner.clock("2026-06-01T10:00:00Z")
    year = await owner.buy("telephony", "YEAR")

    def line(quoted: dict[str, Any]) -> tuple[str, int, int, str]:
        (only,) = quoted["lines"]
        return only["amount"]["amount"], only["days"], only["ofDays"], only["periodEnd"]

    assert line(first) == ("500.00", 28, 28, "2026-02-28")
    assert line(telephony) == ("192.86", 18, 28, "2026-02-28")
    assert line(ads) == ("1867.40", 355, 365, "2027-01-31")
    assert line(on_the_boundary) == ("300.00", 31, 31, "2026-03-31")
    assert line(year) == ("1925.26", 244, 365, "2027-01-31")
    seen = await owner.billing()
    assert (seen["today"], seen["renewsOn"], seen["balance"]["amount"]) == ("2026-06-01", "2026-06-30", "0.00")
    renewals = [("500.00", day) for day in ("2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31")]
    assert [(one["total"]["amount"], one["dueOn"]) for one in reversed(seen["invoices"]["nodes"])] == [
        ("500.00", "2026-01-31"),
        ("1867.40", "2026-02-10"),
        *renewals,
        ("1925.26", "2026-06-01"),
    ]
    assert {(one["state"], one["paid"] == one["total"]) for one in seen["invoices"]["nodes"]} == {("PAID", True)}
    assert [one["number"] for one in seen["invoices"]["nodes"]] == [f"{number:06}" for number in range(7, 0, -1)]
    assert {one["module"]["code"]: (one["state"], one["periodEnd"]) for one in seen["modules"]} == {
        "sales_funnel": ("ACTIVE", "2026-06-30"),
        "lead_ads": ("ACTIVE", "2027-01-31"),
        "telephony": ("ACTIVE", "2027-01-31"),
    }


@pytest.mark.parametrize("provider", list(MAKERS))
async def test_a_module_is_there_when_its_provider_s_call_is_accepted(open_shop: Shop, provider: str) -> None:
    owner = await open_shop.owner("2026-01-31T10:00:00Z")
    begun = await owner.begin("sales_funnel", "MONTH", provider)
    id = UUID(begun["payment"]["id"])
    paid = MAKERS[provider](id)

    async with owner.following() as one_tab, owner.following() as another:
        assert await open_shop.call(provider, Call(paid.headers, paid.body[:-2])) == NOBODY
        status, text = await open_shop.call(provider, paid)
        assert [(await open_shop.call(provider, paid))[0] for _ in range(4)] == [200] * 4
        await one_tab.module("sales_funnel", "ACTIVE")
        await another.module("sales_funnel", "ACTIVE")

    assert status == 200
    if provider == "wayforpay":
        assert orjson.loads(text)["status"] == "accept"
    seen = await owner.billing()
    assert [(one["state"], one["paid"]["amount"]) for one in seen["invoices"]["nodes"]] == [("PAID", "500.00")]
    assert [(one["state"], one["usable"]) for one in seen["modules"]] == [("ACTIVE", True)]
    assert [one["__typename"] for one in one_tab.heard if one["__typename"] == "ModuleChanged"] == ["ModuleChanged"]


CHECKOUTS = "{ billing { invoices { nodes { payments { provider checkout { url } } } } } }"


async def test_a_bank_that_is_silent_keeps_no_payer_from_the_others(open_shop: Shop) -> None:
    owner = await open_shop.owner("2026-01-31T10:00:00Z")
    quoted = await owner.quote("sales_funnel", "MONTH")
    for provider in ("monobank", "stripe", "liqpay"):
        await owner.do("pay", "invoice { number }", quoteId=quoted["id"], provider=provider)
    both, before = asyncio.Barrier(2), dict(open_shop.bank.replies)

    async def silent(_path: str, _body: bytes) -> Any:
        await both.wait()
        return b"nothing that can be read"

    open_shop.bank.replies |= {"/api/merchant/invoice/create": silent, "/v1/checkout/sessions": silent}
    try:
        answer = (await owner.answer(CHECKOUTS)).json()
    finally:
        open_shop.bank.replies |= before

    (invoice,) = answer["data"]["billing"]["invoices"]["nodes"]
    shown = {one["provider"]: one["checkout"] for one in invoice["payments"]}
    liqpay = {"url": f"{open_shop.bank.url}/api/3/checkout"}
    assert shown == {"monobank": None, "stripe": None, "liqpay": liqpay}
    what_to_do = "зараз не відповідає. Рахунок чекає: спробуйте ще раз за мить або оплатіть іншим способом."
    assert sorted(error["message"] for error in answer["errors"]) == [
        f"Stripe {what_to_do}",
        f"plata by mono {what_to_do}",
    ]
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "UNAVAILABLE", "retryAfter": 1}] * 2


async def test_whatever_is_forged_changes_nothing_and_hears_the_same(open_shop: Shop) -> None:
    owner = await open_shop.owner("2026-01-31T10:00:00Z")
    id = UUID((await owner.begin("sales_funnel", "MONTH", "liqpay"))["payment"]["id"])
    mono, way, stripe = (MAKERS[name](id) for name in ("monobank", "wayforpay", "stripe"))
    forged = [
        ("nobody", mono),
        ("liqpay", signing.liqpay_raw("e30=", key="another")),
        ("liqpay", signing.liqpay_raw("e30=", algorithm="sha3-256")),
        ("liqpay", signing.liqpay_call(id, public_key="i1")),
        ("wayforpay", signing.wayforpay_call(id, merchantAccount="another")),
        ("wayforpay", Call(way.headers, way.body.replace(b"500.00", b"500.01"))),
        ("wayforpay", Call(way.headers, way.body.decode().encode("utf-16"))),
        ("monobank", Call(mono.headers, orjson.dumps(orjson.loads(mono.body)))),
        ("stripe", signing.stripe_call(id, at=int(time.time()) - 301)),
        ("stripe", Call(stripe.headers, stripe.body + b" ")),
        ("sandbox", signing.sandbox_call(id)),  # signed with another house's key
    ]

    assert [await open_shop.call(provider, call) for provider, call in forged] == [NOBODY] * len(forged)
    assert (await open_shop.call("liqpay", Call({}, b"x" * 262_145)))[0] == 413
    assert (await open_shop.call("liqpay", signing.liqpay_raw("bm8ganNvbg==")))[0] == 200
    seen = await owner.billing()
    assert (seen["modules"], [one["state"] for one in seen["invoices"]["nodes"]]) == ([], ["OPEN"])


async def test_what_is_chosen_on_the_sandbox_s_page_becomes_of_the_payment(open_shop: Shop) -> None:
    owner = await open_shop.owner("2026-01-31T10:00:00Z")
    begun = await owner.begin("sales_funnel", "MONTH")
    async with owner.following() as news:
        await owner.choose(begun, "decline")
        await news.payment(begun["payment"]["id"], "FAILED")
        await owner.choose(begun, "pay-twice")  # another card
        await news.module("sales_funnel", "ACTIVE")

    entries = (await owner.billing())["balanceEntries"]["totalCount"]
    assert entries == 0


async def test_without_the_module_boards_are_read_and_what_arrives_waits(open_shop: Shop) -> None:
    owner = await open_shop.owner("2026-01-31T10:00:00Z")
    await owner.buy("sales_funnel", "MONTH")
    stages = [{"name": "Показ", "color": "#0EA5E9"}]
    funnel = (await owner.do("createFunnel", "funnel { id }", name="Оренда", stages=stages))["funnel"]["id"]
    deal = {"funnelId": funnel, "title": "Дача", "contact": {"name": "Іван"}}
    await owner.do("createDeal", "deal { id }", **deal)
    address = (await owner.do("createSource", "address", name="Сайт", kind="FORM", funnelId=funnel))["address"]
    (method,) = (await owner.ask("{ billing { paymentMethods { id } } }"))["billing"]["paymentMethods"]
    await owner.do("removePaymentMethod", "paymentMethods { id }", id=method["id"])

    await owner.clock("2026-03-07T10:00:00Z")
    assert [one["state"] for one in (await owner.billing())["modules"]] == ["SUSPENDED"]
    refused = await _answer(owner, "createDeal", **deal)
    renamed = await _answer(owner, "updateFunnel", id=funnel, name="Інша")
    sent = await open_shop.http.post(address, data={"name": "Оксана", "phone": "0671234567"})
    waiting = await _eventually(owner, lambda state: state == "WAITING")
    board = await owner.ask("query ($id: ID!) { board(funnelId: $id) { columns { dealCount } } }", id=funnel)
    back = await owner.buy("sales_funnel", "MONTH")
    made = await _eventually(owner, lambda state: state not in ("WAITING", "RECEIVED"))

    assert [refused["__typename"], renamed["__typename"]] == ["ModuleInactive"] * 2
    assert (sent.status_code, waiting, sum(one["dealCount"] for one in board["board"]["columns"])) == (
        200,
        "WAITING",
        1,
    )
    assert back["total"] == {"amount": "387.10"}  # 24/31
    assert made == "CREATED"


async def _answer(owner: Owner, name: str, /, **given: Any) -> Any:
    kind = name[0].upper() + name[1:]
    document = f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ __typename }} }}"
    return (await owner.ask(document, input=given))[name]


async def _eventually(owner: Owner, come: Callable[[str], bool]) -> str:
    """The state of the one thing in the inbox, once it has come."""
    async with asyncio.timeout(30):
        while True:
            nodes = (await owner.ask("{ inbox { nodes { state } } }"))["inbox"]["nodes"]
            if nodes and come(nodes[0]["state"]):
                return str(nodes[0]["state"])
            await asyncio.sleep(0.05)
