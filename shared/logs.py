"""Logs of every process: JSON lines in production, lines to read elsewhere. Secrets never get into them.

What libraries say through `logging` looks the same as our own words.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import orjson
import structlog
from structlog.typing import Processor

from shared.config import Settings

MASK = "***"
SOURCE_SECRET = re.compile(r"(/sources/[^/\s?#]+/)[^\s?#\"'<>]+")
URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)")
BEARER = re.compile(r"(?i)(\bbearer\s+)[\w.~+/=-]+")
SECRETS = ((SOURCE_SECRET, "/sources/"), (URL_PASSWORD, "://"), (BEARER, "bearer"))  # each with what it cannot lack
NOISY = ("asyncio", "httpx", "celery.app.trace", "celery.worker.strategy")  # they say more than anybody reads


def configure(settings: Settings) -> None:
    """Call it once, before anything is logged."""
    begin: list[Processor] = [structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    end: list[Processor] = [structlog.processors.format_exc_info, mask_secrets, _show(settings)]
    level = logging.getLevelNamesMapping()[settings.voronka_log_level]
    # Our own words do not go through `logging`: that takes as long as all else that is done for a small request.
    structlog.configure(
        processors=[*begin, *end],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*begin, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *end],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _show(settings: Settings) -> Processor:
    if settings.voronka_env == "production":
        return structlog.processors.JSONRenderer(serializer=_to_json, default=str)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())


def _to_json(line: Mapping[str, Any], default: Callable[[object], object]) -> str:
    try:
        return orjson.dumps(line, default=default).decode()
    except TypeError:  # for orjson; what somebody sent may be half a surrogate or a number beyond 64 bits
        return json.dumps(line, default=default)


def mask_secrets(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: secrets in source addresses, passwords in URLs and tokens become stars."""
    return {name: _masked(value) for name, value in line.items()}


def masked(text: str) -> str:
    """A text without the secrets that it may hold."""
    small = text.lower()
    for secret, part in SECRETS:
        if part in small:
            text = secret.sub(rf"\g<1>{MASK}", text)
    return text


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value
