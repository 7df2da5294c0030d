"""GET /exports/{funnelId}.csv: a funnel's deals, streamed a page at a time.

`?filter=` is a DealFilter as JSON. Each page is read in a transaction of its own, so that a slow reader holds none.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from services.graphql.files import refusals, signed_in
from services.graphql.house import House
from services.graphql.viewer import Viewer
from shared import deals, funnels, ids, imports
from shared.db import JOB
from shared.deals.filters import graphql_name
from shared.errors import InvalidInput, Problem, Sentence

MARK = "\ufeff".encode()  # or spreadsheets would not take it for UTF-8
TEXTS = ("search", "amount_min", "amount_max", "created_from", "created_to", "close_on_from", "close_on_to")
LISTS = ("ids", "stage_ids", "assignee_ids", "loss_reason_ids")
FLAGS = ("idle", "archived")
CHOICES: Mapping[str, type[deals.DealStatus | deals.DealSource]] = {
    "status": deals.DealStatus,
    "sources": deals.DealSource,
}
NAMES = {graphql_name(name): name for name in (*TEXTS, *LISTS, *FLAGS, *CHOICES)}
NO_FILTER = Sentence("This is no DealFilter as JSON.", "Це не DealFilter у вигляді JSON.")


@refusals
async def export(request: Request) -> Response:
    """404 for an unknown funnel and one that the viewer does not see alike."""
    house: House = request.app.state.house
    viewer = await signed_in(request)
    account, funnel_id = viewer.require_account(), ids.read(request.path_params["funnel_id"])
    given = read_filter(request.query_params.get("filter")) | {"funnel_id": str(funnel_id)}
    async with house.db.reading(account.id, viewer.actor, JOB) as tx:
        await funnels.require_visible(tx, funnel_id)
        asked = deals.DealFilter.read(given, account.currency)
        language = house.language(viewer, request.headers.get("accept-language"))
        shown = await imports.columns(tx, asked, language)
    headers = {"content-disposition": f'attachment; filename="{funnel_id}.csv"', "cache-control": "no-store"}
    return StreamingResponse(_pages(house, viewer, account.id, asked, shown), headers=headers, media_type="text/csv")


async def _pages(
    house: House, viewer: Viewer, account_id: UUID, asked: deals.DealFilter, shown: imports.Columns
) -> AsyncIterator[bytes]:
    yield MARK + imports.written([shown.header])
    after = None
    while True:
        async with house.db.reading(account_id, viewer.actor) as tx:
            page, after = await imports.rows(tx, asked, shown, after)
        yield imports.written(page)
        if after is None:
            return


def read_filter(said: str | None) -> dict[str, Any]:
    """By our names, of the kinds that the contract gives them. Raises InvalidInput."""
    try:
        given = orjson.loads(said) if said else {}
        if not isinstance(given, dict):
            raise _refused()
        return {NAMES[name]: _read(NAMES[name], value) for name, value in given.items()}
    except (orjson.JSONDecodeError, KeyError, ValueError):
        raise _refused() from None


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in CHOICES and isinstance(value, list):
        return [CHOICES[name](one) for one in value]
    if name in LISTS and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    if (name in TEXTS and isinstance(value, str)) or (name in FLAGS and isinstance(value, bool)):
        return value
    raise _refused()


def _refused() -> InvalidInput:
    return InvalidInput(Problem(("filter",), NO_FILTER))


routes = [Route("/exports/{funnel_id}.csv", export, methods=["GET"])]
