"""What an account has of billing: modules in several states, papers, money in the balance, a saved card."""

from dataclasses import dataclass

from shared import billing
from shared.db import Transaction
from tests import make
from tests.shared.billing import scenes


@dataclass(frozen=True)
class Purse:
    """Ids. `quote` can be paid, and so can `invoice`; `payment` has put into the balance what can be paid back."""

    quote: str
    invoice: str
    payment: str
    methods: list[str]  # the last one is not the default


async def buy_modules(tx: Transaction) -> None:
    """`sales_funnel` is active, `telephony` is tried and to end, `lead_ads` is meant to be bought."""
    bought = (await scenes.begin(tx, (await scenes.quote(tx, ("sales_funnel", 1), ("telephony", 1))).id)).payment
    assert bought
    await scenes.report(tx, bought)
    begun = (await scenes.begin(tx, (await scenes.quote(tx, ("lead_ads", 3))).id)).payment
    assert begun
    other = await scenes.begin(tx, (await scenes.quote(tx, ("lead_ads", 12))).id)
    assert other.payment
    await _pay_part(tx, other.payment)
    await billing.cancel(tx, "telephony", immediately=True)
    await billing.start_trial(tx, billing.Trial("telephony"))
    await billing.cancel(tx, "telephony", immediately=False)
    await make.module(tx)


async def _pay_part(tx: Transaction, payment: billing.Payment) -> None:
    """By another card: what is not as it was asked goes to the balance."""
    card = billing.Token("other", "1881")
    await billing.settle(tx, billing.Report(payment.id, billing.Rank.PAID, 10_00, payment.currency, token=card))


async def purse(tx: Transaction) -> Purse:
    """Of an account that has bought modules; the quote is a new one."""
    quote = await scenes.quote(tx, ("lead_ads", 12))
    assert quote.due
    newest, *_, oldest = await billing.invoice_page(tx, None, 9)
    (payment,) = await billing.payments_of(tx, [oldest.id])
    methods = sorted(await billing.methods(tx), key=lambda one: not one.is_default)
    return Purse(str(quote.id), str(newest.id), str(payment.id), [str(one.id) for one in methods])
