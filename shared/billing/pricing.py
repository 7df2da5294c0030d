"""Prices that an operator sets. A price never changes: a new one is a new version, known some time before it is in force."""

from datetime import date

from shared.billing import sql
from shared.billing.model import CATALOGUE, INTERVALS
from shared.clock import first_moment
from shared.config import rules
from shared.db import Transaction
from shared.money import Money

WHERE_DAYS_BEGIN = "Pacific/Kiritimati"


async def set_price(tx: Transaction, module_code: str, months: int, price: Money, since: date) -> int:
    """The new version's number. `since`: the day, in each account's own zone, from which it is in force.

    The first price of a module in a currency needs no notice.

    Raises ValueError with a sentence for the operator.
    """
    if module_code not in CATALOGUE or months not in INTERVALS:
        raise ValueError(f"There is no module {module_code} that is paid for {months} months at once.")
    version = await sql.select_last_version(tx, module_code, months, price.currency)
    notice = rules().notice
    if version and first_moment(since, WHERE_DAYS_BEGIN) < await tx.now() + notice:
        raise ValueError(f"A price changes with {notice.days} days' notice at least.")
    await sql.insert_price(tx, module_code, months, price, version + 1, since)
    return version + 1
