"""The limit of fan-out: the same text to all sockets, by nothing but the WebSocket server."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

_sockets: set[WebSocket] = set()


async def listen(websocket: WebSocket) -> None:
    await websocket.accept("graphql-transport-ws")
    await websocket.send_text("ready")
    _sockets.add(websocket)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        pass
    finally:
        _sockets.discard(websocket)


async def tell(request: Request) -> Response:
    """The body, to everybody."""
    message = {"type": "websocket.send", "text": (await request.body()).decode()}
    for websocket in list(_sockets):
        await websocket.send(message)
    return Response()
