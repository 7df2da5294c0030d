"""The outside of the ASGI application: what the server and its sockets need, that Starlette's layers do not give."""

from typing import Any

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from services.graphql.live.socket import graphql_socket
from services.graphql.live.wire import KEY

PATH = "/graphql"


class Edge:
    """ASGI, around everything."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("websocket", "http"):
            _keep_server(scope, send)
        if scope["type"] == "websocket" and scope["path"].removeprefix(scope.get("root_path", "")) == PATH:
            # A socket stays for hours, and so would each of Starlette's layers, of which it needs none.
            scope["app"] = self._app
            await graphql_socket(WebSocket(scope, receive, send))
        else:
            await self._app(scope, receive, send)


def _keep_server(scope: Scope, send: Send) -> None:
    """Remember the server's own object of a WebSocket or a request.

    ASGI has no way to drop a peer that does not read: a close waits behind what is not read either. And a peer that
    answers no ping is dropped without a word: what the server would say, 1011, keeps a client from coming back that
    was only asleep.
    """
    server: Any = getattr(send, "__self__", None)
    scope[KEY] = server
    if hasattr(server, "keepalive_timeout"):
        server.keepalive_timeout = server.transport.abort
