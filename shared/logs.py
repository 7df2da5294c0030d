"""Logs of every process: JSON lines in production, lines to read elsewhere. Secrets never get into them.

What libraries say through `logging` takes the same way as our own words.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared.config import Settings

MASK = "***"
SOURCE_SECRET = re.compile(r"(/sources/[^/\s?#]+/)[^\s?#\"'<>]+")
URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)")
BEARER = re.compile(r"(?i)(\bbearer\s+)[\w.~+/=-]+")
SECRETS = ((SOURCE_SECRET, "/sources/"), (URL_PASSWORD, "://"), (BEARER, "bearer"))  # each with what it cannot lack
NOISY = ("asyncio", "httpx", "celery.app.trace", "celery.worker.strategy")  # they say more than anybody reads


def configure(settings: Settings) -> None:
    """Call it once, before anything is logged."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    production = settings.voronka_env == "production"
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    show: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if production
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_secrets,
                show,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.voronka_log_level)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


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
