"""A provider that does not answer, or with what nobody can read: what was asked for may have been done, or not."""

import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.responses import Response

from shared.payments import OutcomeUnknown, Provider, Unreadable
from shared.payments.model import Order
from shared.payments.providers import http, stripe
from tests.shared.payments.outgoing import Outside, at, order

Verb = Callable[[Provider, Order], Awaitable[Any]]
VERBS: dict[str, Verb] = {
    "start": lambda provider, it: provider.start(it),
    "ask": lambda provider, it: provider.ask(it),
    "charge": lambda provider, it: provider.charge(it),
    "refund": lambda provider, it: provider.refund(it, 100_00, "refund-1"),
}
# A page of LiqPay, WayForPay or the sandbox is begun by its payer.
ASKED = [(code, verb) for code in ("liqpay", "wayforpay", "sandbox") for verb in ("ask", "charge", "refund")]
ASKED += [(code, verb) for code in ("monobank", "stripe") for verb in VERBS]
TROUBLES: dict[str, Response] = {
    "down": Response(b'{"status": "success"}', 500, media_type="application/json"),
    "a page of a gateway": Response(b"<html>Bad gateway</html>", 502, media_type="text/html"),
    "a page": Response(b"<html>Hello</html>", 200, media_type="text/html"),
    "nothing": Response(b"", 200),
    "a list": Response(b"[]", 200, media_type="application/json"),
    "null": Response(b"null", 200, media_type="application/json"),
    "half of it": Response(b'{"status": "succ', 200, media_type="application/json"),
    "what means nothing": Response(b"{}", 200, media_type="application/json"),
    "a new status": Response(b'{"status": "a new one", "amount": 1}', 200, media_type="application/json"),
}


def known(code: str) -> Order:
    return order(code, card="cus_1:pm_1", reference="pi_1")


@pytest.mark.parametrize(("code", "verb"), ASKED)
async def test_what_cannot_be_read_decides_nothing(outside: Outside, code: str, verb: str) -> None:
    provider, it = outside.provider(code), known(code)
    for trouble in TROUBLES.values():
        outside.bank.otherwise = trouble
        with pytest.raises((OutcomeUnknown, Unreadable)):
            await VERBS[verb](provider, it)

    assert len(outside.bank.requests) == len(TROUBLES)  # and nothing is tried again


@pytest.mark.parametrize(("code", "verb"), ASKED)
async def test_who_does_not_answer_in_time_decides_nothing(
    code: str, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (http, stripe):
        monkeypatch.setattr(module, "PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        provider = at(f"http://127.0.0.1:{silent.getsockname()[1]}", code)
        with pytest.raises(OutcomeUnknown):
            await VERBS[verb](provider, known(code))


@pytest.mark.parametrize(("code", "verb"), ASKED)
async def test_who_is_not_there_has_done_nothing_that_we_know_of(code: str, verb: str) -> None:
    with pytest.raises(OutcomeUnknown):
        await VERBS[verb](at("http://127.0.0.1:1", code), known(code))
