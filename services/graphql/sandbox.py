"""The sandbox's page and its interface: a payment provider that only pretends. In production there is none."""

from html import escape
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from services.graphql.bodies import TooLarge, read_body
from shared import ids
from shared.config import Settings
from shared.db import Database
from shared.money import Money
from shared.payments import pretending
from shared.payments.pretending import Choice
from shared.payments.providers.reading import same
from shared.payments.providers.sandbox import SIGNATURE, key_of, page_signature, sign

LARGEST_BODY = 8_192
PATIENCE = 5.0

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sandbox payment</title>
<style>body {{ font: 1rem system-ui; max-width: 24rem; margin: 4rem auto }} button {{ display: block; width: 100%;
padding: .75rem; margin: .5rem 0; font: inherit }}</style>
<h1>{amount} {currency}</h1>
<p>No money moves here: choose what becomes of the payment.</p>
<form method="post">{buttons}</form>
"""
BUTTONS = {
    Choice.PAY: "Pay",
    Choice.DECLINE: "Decline",
    Choice.PAY_LATE: "Pay late",
    Choice.PAY_TWICE: "Pay twice",
}


async def page(request: Request) -> Response:
    """The page, and what was chosen on it. What is to be paid stands in its address, signed."""
    settings: Settings = request.app.state.settings
    db: Database = request.app.state.db
    body = await _body(request)
    if settings.voronka_env == "production" or body is None:
        return _not_there()
    asked, order_id = request.query_params, ids.read(request.path_params["payment"])
    minor, back = asked.get("amount", ""), asked.get("back", "")
    if not (minor.isascii() and minor.isdecimal() and len(minor) <= 15):
        return _not_there()
    amount = Money(int(minor), asked.get("currency", ""))
    if not same(asked.get("signature"), page_signature(key_of(settings), order_id, amount, back)):
        return _not_there()
    choice = dict(parse_qsl(body.decode(errors="replace"))).get("choice", "")
    if choice not in list(Choice):
        return HTMLResponse(_page(amount))
    async with db.transaction(None) as tx:
        await pretending.choose(tx, order_id, amount, Choice(choice))
    return RedirectResponse(back, 303)


async def speak(request: Request) -> Response:
    """What a shop says to its provider."""
    settings: Settings = request.app.state.settings
    db: Database = request.app.state.db
    body = await _body(request)
    if settings.voronka_env == "production" or body is None:
        return _not_there()
    if not same(request.headers.get(SIGNATURE), sign(key_of(settings), body)):
        return PlainTextResponse("Nobody of ours has signed this.", 403)
    asked = orjson.loads(body)
    amount = Money(asked["amount"], asked["currency"])
    async with db.transaction(None) as tx:
        order = await pretending.answer(tx, asked["verb"], ids.read(asked["order"]), amount)
    return (
        JSONResponse({}, 404) if order is None else Response(pretending.body_of(order), media_type="application/json")
    )


async def _body(request: Request) -> bytes | None:
    try:
        return await read_body(request, LARGEST_BODY, PATIENCE)
    except (TooLarge, TimeoutError):
        return None


def _page(amount: Money) -> str:
    buttons = "".join(f'<button name="choice" value="{value}">{label}</button>' for value, label in BUTTONS.items())
    return PAGE.format(amount=escape(str(amount)), currency=escape(amount.currency), buttons=buttons)


def _not_there() -> Response:
    return PlainTextResponse("There is no such payment.", 404)


routes = [
    Route("/sandbox", speak, methods=["POST"]),
    Route("/sandbox/{payment}", page, methods=["GET", "POST"]),
]
