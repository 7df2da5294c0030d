"""POST /imports?funnelId=…: a file of deals. It is in the database, piece by piece, before it is answered for."""

import asyncio
from contextlib import suppress
from uuid import UUID

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.graphql.files import refusals, signed_in
from services.graphql.house import House
from services.graphql.multipart import BadBody, Upload
from services.graphql.viewer import Viewer
from shared import ids, imports
from shared.actor import Permission
from shared.errors import Unavailable
from shared.ingest import tidy

LARGEST_FILE = 50_000_000  # bytes
PATIENCE = 30.0  # seconds for the next piece
NO_MAPPING = "`mapping` is a JSON object: our field → the name of its column. Fields: " + ", ".join(imports.NAMES)


class TooLarge(Exception):
    """The file is larger than what we take."""


@refusals
async def take_in(request: Request) -> Response:
    """201 with the import's id once the file is kept whole."""
    house: House = request.app.state.house
    viewer = await signed_in(request)
    viewer.require(Permission.DEALS_WRITE)
    account_id, funnel_id = viewer.require_account().id, ids.read(request.query_params.get("funnelId", ""))
    async with house.db.transaction(account_id, viewer.actor) as tx:
        import_id = await imports.begin_upload(tx, funnel_id)
    try:
        upload = Upload(request)
        await _keep(house, viewer, import_id, upload)
        mapping = read_mapping(upload.fields.get("mapping") or request.query_params.get("mapping"))
        file_name = tidy.one_line(upload.file_name, imports.LONGEST_FILE_NAME) or "import"
        async with house.db.transaction(account_id, viewer.actor) as tx:
            await imports.start(tx, import_id, funnel_id, file_name, mapping)
    except BaseException as failure:
        await asyncio.shield(_give_up(house, account_id, import_id))
        if isinstance(failure, TooLarge):
            return refusal(413, f"At most {LARGEST_FILE} bytes.")
        if isinstance(failure, BadBody):
            return refusal(400, str(failure))
        if isinstance(failure, TimeoutError | ClientDisconnect):
            return refusal(408, "The file stopped coming.")
        raise
    return JSONResponse({"id": str(import_id)}, 201)


async def _keep(house: House, viewer: Viewer, import_id: UUID, upload: Upload) -> None:
    """Never more than a piece of it in memory. Raises TooLarge, BadBody."""
    held, number, size = bytearray(), 0, 0
    pieces = upload.pieces()
    while True:
        async with asyncio.timeout(PATIENCE):
            piece = await anext(pieces, None)
        if piece is None:
            break
        held += piece
        size += len(piece)
        if size > LARGEST_FILE:
            raise TooLarge
        while len(held) >= imports.CHUNK:
            await _keep_chunk(house, viewer, import_id, number, bytes(held[: imports.CHUNK]))
            del held[: imports.CHUNK]
            number += 1
    if held:
        await _keep_chunk(house, viewer, import_id, number, bytes(held))
    if not size:
        raise BadBody("The file is empty.")


async def _keep_chunk(house: House, viewer: Viewer, import_id: UUID, number: int, body: bytes) -> None:
    async with house.db.transaction(viewer.account_id, viewer.actor) as tx:
        await imports.keep_chunk(tx, import_id, number, body)


async def _give_up(house: House, account_id: UUID, import_id: UUID) -> None:
    with suppress(Unavailable):  # then the next upload finds what is left
        async with house.db.transaction(account_id) as tx:
            await imports.give_up_upload(tx, import_id)


def read_mapping(said: str | None) -> dict[str, str]:
    """Raises BadBody."""
    try:
        mapping = orjson.loads(said) if said else {}
    except orjson.JSONDecodeError:
        raise BadBody(NO_MAPPING) from None
    if not isinstance(mapping, dict) or mapping.keys() - imports.NAMES.keys():
        raise BadBody(NO_MAPPING)
    if not all(isinstance(column, str) and "\0" not in column for column in mapping.values()):
        raise BadBody(NO_MAPPING)
    return mapping


def refusal(status: int, why: str) -> Response:
    # What is left of a body that nobody reads would be taken for the next request.
    return JSONResponse({"status": "error", "message": why}, status, {"connection": "close"})


routes = [Route("/imports", take_in, methods=["POST"])]
