"""What a cart costs now: read, drawn on the account's grid, and kept for a while."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from shared import ids
from shared.billing import sql_coverage, sql_quotes
from shared.billing.books import Books, open_books
from shared.billing.model import CATALOGUE, INTERVALS, ModuleState
from shared.billing.papers import Quote
from shared.billing.planning import Item, Line, credit, plan
from shared.clock import first_moment
from shared.config import rules
from shared.db import Transaction
from shared.errors import NotAllowedNow, NotFound, Sentence
from shared.forms import Form

MONTHS = {name: months for months, name in INTERVALS.items()}
MOST_ITEMS = 20

EMPTY = Sentence("The cart is empty.", "Кошик порожній.")
TWICE = Sentence("This module is in the cart twice.", "Цей модуль є в кошику двічі.")
NO_PRICE = Sentence("there is no price in the account's currency.", "немає ціни у валюті акаунта.")
CONNECTED = Sentence("this module is paid for so long already.", "цей модуль уже оплачено на такий термін.")
PAST_DUE = Sentence("pay the open invoice of this module first.", "спершу сплатіть відкритий рахунок за цей модуль.")

Cart = Sequence[tuple[str, int]]  # module codes, each with its months


def read_cart(given: Mapping[str, Any]) -> Cart:
    """Raises InvalidInput when it is empty, or holds a module twice."""
    items = [(str(item["module_code"]), MONTHS[item["interval"].value]) for item in given["items"]]
    form = Form()
    form.at_most(("items",), len(items), MOST_ITEMS)
    if not items:
        form.refuse(("items",), EMPTY)
    codes = [code for code, _ in items]
    for index, code in enumerate(codes):
        if code in codes[:index]:
            form.refuse(("items", str(index), "moduleCode"), TWICE)
    form.check()
    return items


async def create_quote(tx: Transaction, cart: Cart) -> Quote:
    """Raises NotFound for a module that is not in the catalogue; NotAllowedNow when one cannot be bought now."""
    for code, _ in cart:
        if code not in CATALOGUE:
            raise NotFound(ids.read(code))
    async with open_books(tx) as books:
        return await quote(books, cart)


async def quote(books: Books, cart: Cart) -> Quote:
    lines = await draw(books, cart, books.today)
    total = max(0, sum(line.amount for line in lines))
    zone = books.account.time_zone
    earliest = min(line.period.end for line in lines if not line.credited)
    drawn = Quote(
        ids.new(),
        books.today,
        min(books.now + rules().quote, first_moment(earliest, zone)),
        books.grid_version,
        books.prices.version(books.today),
        books.account.currency,
        lines,
        total,
        min(books.balance, total),
    )
    await sql_quotes.insert_quote(books.tx, drawn, books.now)
    return drawn


async def draw(books: Books, cart: Cart, on: date) -> list[Line]:
    """The lines of a cart, with what is given back of modules that are paid for another length."""
    prices = books.prices.on(on)
    items, given_back = list[Item](), list[Line]()
    for code, months in cart:
        if (code, months) not in prices:
            raise NotAllowedNow("NO_PRICE", NO_PRICE)
        start, kept = on, books.live(code)
        if kept and kept.state is ModuleState.PAST_DUE:
            raise NotAllowedNow("PAST_DUE", PAST_DUE)
        if kept and kept.state is ModuleState.ACTIVE and kept.months == months:
            raise NotAllowedNow("ALREADY_ACTIVE", CONNECTED)
        if kept and kept.state is ModuleState.TRIALING and kept.trial_ends_on:
            start = max(on, kept.trial_ends_on)
        if kept and kept.state is ModuleState.ACTIVE and kept.period_start:
            start = max(on, kept.period_start)
            for issued, until, already in await sql_coverage.select_coverage(books.tx, kept.id, start):
                given_back.append(credit(issued.line, issued.id, start, until, already))
        items.append(Item(code, months, start))
    series = ends(books, {code for code, _ in cart})
    return [*given_back, *plan(books.grid, series, items, prices, rules().smallest_payment(books.account.currency))]


def ends(books: Books, without: set[str]) -> dict[int, date]:
    """An end of each series that modules other than those are in."""
    return {
        one.months: one.period_end
        for one in books.connected()
        if one.months and one.period_end and one.module_code not in without
    }


async def get_quotes(tx: Transaction, quote_ids: Sequence[UUID]) -> dict[UUID, Quote]:
    return {one.id: one for one in await sql_quotes.select_quotes(tx, quote_ids)}
