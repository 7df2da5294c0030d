"""Which web pages may talk to us: those of the origins that are listed, our own, and in development local ones."""

import re
from typing import Any
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection

from services.graphql.requests import PREFLIGHT
from shared.config import Settings

LOCAL = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
HEADERS = ["authorization", "content-type", "accept-language", *PREFLIGHT, "traceparent", "tracestate"]
DAY = 86_400


def is_allowed(connection: HTTPConnection, settings: Settings) -> bool:
    """A browser says where a socket comes from, and sends cookies along; others say nothing, and are let in."""
    origin = connection.headers.get("origin")
    if origin is None or "*" in settings.voronka_origins or origin in settings.voronka_origins:
        return True
    if urlsplit(origin).netloc == connection.headers.get("host"):
        return True
    return settings.voronka_env != "production" and re.fullmatch(LOCAL, origin) is not None


def cors(settings: Settings) -> Middleware:
    """Answers to other origins' pages (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
    local: dict[str, Any] = {} if settings.voronka_env == "production" else {"allow_origin_regex": LOCAL}
    return Middleware(
        CORSMiddleware,
        allow_origins=settings.voronka_origins,
        allow_methods=["GET", "POST"],
        allow_headers=HEADERS,
        expose_headers=["retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"],
        max_age=DAY,
        **local,
    )
