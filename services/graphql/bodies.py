"""Reading what is posted: bounded in size and in time, whatever the headers promise."""

import asyncio

from starlette.requests import Request


class TooLarge(Exception):
    """The body is larger than anything we take there."""


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """A body of at most so many bytes, counted while it comes: one that is too large is not read to its end.

    Raises TooLarge, TimeoutError, and Starlette's ClientDisconnect when it ends too early.
    """
    promised = request.headers.get("content-length", "")
    if promised.isdecimal() and int(promised[:20]) > most:
        raise TooLarge
    body = bytearray()
    async with asyncio.timeout(seconds):
        async for part in request.stream():
            body += part
            if len(body) > most:
                raise TooLarge
    return bytes(body)
