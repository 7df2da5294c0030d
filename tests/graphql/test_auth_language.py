"""The language of sentences over a socket: the token's, else `locale` at its beginning, else the account's."""

import pytest

from shared.db import Database
from tests import make, sockets
from tests.client import Api

REFUSED = 'mutation { createFunnel(input: {name: "x"}) { ... on Error { message } } }'
UK = "Для цього потрібен дозвіл FUNNELS_MANAGE."
EN = "You need the permission FUNNELS_MANAGE for this."


@pytest.mark.parametrize(
    ("token", "said", "header", "account", "sentence"),
    [
        (None, None, None, "uk", UK),
        (None, None, None, "en-GB", EN),
        (None, "en", None, "uk", EN),
        (None, "uk-UA", "en", "en", UK),
        (None, None, "en", "uk", EN),
        (None, "", "en", "uk", EN),
        (None, "pl", None, "uk", UK),
        ("en", "uk", "uk", "uk", EN),
    ],
)
async def test_speaks_the_language_of_who_began_it(
    api: Api,
    db: Database,
    token: str | None,
    said: str | None,
    header: str | None,
    account: str,
    sentence: str,
) -> None:
    home = await make.account(db, locale=account)
    headers = {"accept-language": header} if header else {}
    payload = {} if said is None else {"locale": said}

    async with sockets.connected(f"127.0.0.1:{api.port}", additional_headers=headers) as socket:
        await socket.init(api.person(home.id, locale=token), **payload)
        told = await socket.answer("1", REFUSED)

    assert told == {"createFunnel": {"message": sentence}}
