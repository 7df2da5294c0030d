"""Modules as an owner buys them: the worked set to the kopiyka, what the account is told of it, and paying back."""

from datetime import date
from typing import Any
from uuid import UUID

from shared import billing, ids
from shared.db import Database
from tests import sockets
from tests.client import Api
from tests.graphql.asking import REFUSED, Person
from tests.shared.billing import scenes

CREATE_QUOTE = f"""mutation ($input: CreateQuoteInput!) {{ createQuote(input: $input) {{ {REFUSED}
    ... on CreateQuotePayload {{ quote {{ id total {{ amount }} due {{ amount }} effectiveOn
        lines {{ kind description days ofDays periodEnd amount {{ amount }} vat {{ amount }} }} }} }} }} }}"""
PAY = f"""mutation ($input: PayInput!) {{ pay(input: $input) {{ {REFUSED}
    ... on PayPayload {{ payment {{ id state checkout {{ url }} }}
        invoice {{ number state total {{ amount }} vat {{ amount }} }} modules {{ state }} }} }} }}"""
CANCEL = f"""mutation ($input: CancelModuleInput!) {{ cancelModule(input: $input) {{ {REFUSED}
    ... on CancelModulePayload {{ module {{ state }} creditNote {{ number reason total {{ amount }} }} }} }} }}"""
REFUND = f"""mutation ($input: RefundPaymentInput!) {{ refundPayment(input: $input) {{ {REFUSED}
    ... on RefundPaymentPayload {{ payment {{ state invoice {{ number }} }} }} }} }}"""
BILLING = """{ billing { today renewsOn balance { amount } nextRenewal { total { amount } }
    balanceEntries { totalCount nodes { amount reason creditNote { number } } } paymentMethods { label isDefault }
    modules { state interval periodEnd usable module { code } }
    invoices { totalCount nodes { number state payments { state } creditNotes { number reason } } } } }"""
CHANGES = """subscription { billingChanged { __typename ... on BillingReady { today }
    ... on ModuleChanged { module { state } } ... on PaymentChanged { payment { state } }
    ... on InvoiceChanged { invoice { state } } ... on BalanceChanged { balance { amount } } } }"""


def person(api: Api, account_id: UUID, *permissions: str) -> Person:
    id = ids.new()
    return Person(api, account_id, id, api.person(account_id, *permissions, user_id=id))


async def buy(db: Database, owner: Person, code: str, interval: str) -> dict[str, Any]:
    """Quoted and begun through the API; then the provider says that it was paid. Answers with the quote."""
    quote: dict[str, Any] = (await owner.act(CREATE_QUOTE, items=[{"moduleCode": code, "interval": interval}]))["quote"]
    begun = await owner.act(PAY, quoteId=quote["id"], provider="sandbox")
    assert begun["payment"]["checkout"]["url"]
    id = UUID(begun["payment"]["id"])
    async with db.transaction(owner.account_id) as tx:
        await scenes.report(tx, (await billing.get_payments(tx, [id]))[id])
    return {**quote, "payment": str(id)}


async def test_the_worked_set_is_bought_to_the_kopiyka(api: Api, db: Database) -> None:
    account_id = await scenes.account(db, date(2026, 1, 31))
    owner = person(api, account_id, "BILLING_MANAGE")

    first = await buy(db, owner, "sales_funnel", "MONTH")
    await scenes.walk(db, account_id, date(2026, 2, 10))
    telephony = await buy(db, owner, "telephony", "MONTH")
    ads = await buy(db, owner, "lead_ads", "YEAR")

    assert first["total"] == {"amount": "500.00"}
    assert telephony["lines"] == [
        {
            "kind": "PRORATED",
            "description": "Телефонія, 18 з 28 днів (місяць)",
            "days": 18,
            "ofDays": 28,
            "periodEnd": "2026-02-28",
            "amount": {"amount": "192.86"},
            "vat": {"amount": "32.14"},
        }
    ]
    assert (ads["total"], ads["lines"][0]["periodEnd"]) == ({"amount": "1867.40"}, "2027-01-31")
    seen = (await owner.ask(BILLING))["billing"]
    assert (seen["today"], seen["renewsOn"]) == ("2026-02-10", "2026-02-28")
    assert seen["nextRenewal"] == {"total": {"amount": "800.00"}}
    assert seen["paymentMethods"] == [{"label": "4242", "isDefault": True}]
    assert [module["usable"] for module in seen["modules"]] == [True, True, True]
    assert [(one["number"], one["state"]) for one in seen["invoices"]["nodes"]] == [
        ("000003", "PAID"),
        ("000002", "PAID"),
        ("000001", "PAID"),
    ]


async def test_unused_days_become_balance_and_the_crm_pays_them_back(api: Api, db: Database) -> None:
    account_id = await scenes.account(db, date(2026, 1, 31))
    owner = person(api, account_id, "BILLING_MANAGE")
    bought = await buy(db, owner, "telephony", "MONTH")
    await scenes.walk(db, account_id, date(2026, 2, 10))

    cancelled = await owner.act(CANCEL, moduleCode="telephony", immediately=True)
    assert cancelled["creditNote"] == {
        "number": "CN-000001",
        "reason": "Скасовано: Телефонія",
        "total": {"amount": "192.86"},
    }
    crm = Person(api, account_id, account_id, api.service())
    amount = {"amount": "192.87", "currency": "UAH"}
    assert (await crm.act(REFUND, paymentId=bought["payment"], amount=amount, reason="Прохання"))[
        "reason"
    ] == "TOO_MUCH"
    amount["amount"] = "192.86"
    done = await crm.act(REFUND, paymentId=bought["payment"], amount=amount, reason="Прохання")

    assert done["payment"] == {"state": "PAID", "invoice": {"number": "000001"}}
    seen = (await owner.ask(BILLING))["billing"]
    assert seen["balance"] == {"amount": "0.00"}
    assert [entry["amount"] for entry in seen["balanceEntries"]["nodes"]] == ["-192.86", "192.86"]
    assert seen["invoices"]["nodes"][0]["creditNotes"] == [{"number": "CN-000001", "reason": "Скасовано: Телефонія"}]


async def test_each_entry_of_the_balance_says_why(api: Api, db: Database) -> None:
    account_id = await scenes.account(db, date(2026, 1, 31))
    owner = person(api, account_id, "BILLING_MANAGE")
    bought = await buy(db, owner, "telephony", "MONTH")
    payment_id = UUID(bought["payment"])
    async with db.transaction(account_id) as tx:
        await billing.cancel(tx, "telephony", immediately=True)
        await billing.refund(tx, billing.Refund(payment_id, "10.00", "UAH", "Прохання"))
        refund_id = await tx.fetchval("SELECT id FROM refunds WHERE payment_id = $1", payment_id)
        await billing.refund_refused(tx, refund_id, "no")
        await billing.dispute(tx, billing.Dispute(payment_id, "du_1", 50_00, "UAH", is_won=True))

    seen = (await owner.ask(BILLING))["billing"]["balanceEntries"]["nodes"]

    assert sorted((one["amount"], one["reason"]) for one in seen) == [
        ("-10.00", "Повернення коштів"),
        ("-50.00", "Примусове повернення"),
        ("10.00", "Кошти не вдалося повернути"),
        ("300.00", "Невикористані дні"),
        ("50.00", "Оскаржений платіж повернувся"),
    ]


async def test_an_empty_id_is_the_id_of_nothing(api: Api, db: Database) -> None:
    owner = person(api, await scenes.account(db, date(2026, 1, 31)), "BILLING_MANAGE")
    quote = (await owner.act(CREATE_QUOTE, items=[{"moduleCode": "telephony", "interval": "MONTH"}]))["quote"]

    assert (await owner.act(PAY, quoteId="", provider="sandbox"))["code"] == "NOT_FOUND"
    assert (await owner.act(PAY, invoiceId="", provider="sandbox"))["code"] == "NOT_FOUND"
    refused = await owner.act(PAY, quoteId=quote["id"], paymentMethodId="")
    assert [field["path"] for field in refused["fields"]] == [["paymentMethodId"]]
    refused = await owner.act(PAY, quoteId=quote["id"], provider="sandbox", returnUrl="javascript:alert(1)")
    assert [field["path"] for field in refused["fields"]] == [["returnUrl"]]


async def test_who_may_not_manage_billing_is_told_of_modules_only(api: Api, db: Database) -> None:
    account_id = await scenes.account(db, date(2026, 1, 31))
    owner, other = person(api, account_id, "BILLING_MANAGE"), person(api, account_id)
    refused = await other.act(CREATE_QUOTE, items=[{"moduleCode": "telephony", "interval": "MONTH"}])
    assert refused["code"] == "FORBIDDEN"

    address = f"127.0.0.1:{api.port}"
    async with sockets.signed_in(address, owner.token) as all_of_it, sockets.signed_in(address, other.token) as modules:
        for socket in (all_of_it, modules):
            await socket.subscribe("billing", CHANGES)
            ready = (await socket.of("billing"))["payload"]["data"]["billingChanged"]
            assert ready == {"__typename": "BillingReady", "today": "2026-01-31"}
        await buy(db, owner, "telephony", "MONTH")

        told = [(await all_of_it.of("billing"))["payload"]["data"]["billingChanged"] for _ in range(5)]
        only = (await modules.of("billing"))["payload"]["data"]["billingChanged"]

    assert sorted(one["__typename"] for one in told) == [
        "InvoiceChanged",
        "InvoiceChanged",
        "ModuleChanged",
        "PaymentChanged",
        "PaymentChanged",
    ]
    assert only == {"__typename": "ModuleChanged", "module": {"state": "ACTIVE"}}
