"""Logs: lines for machines in production, and never a secret."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from shared import logs
from shared.config import Settings


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)


def settings(**changes: Any) -> Settings:
    secrets = {"voronka_jwt_secret": "x" * 32, "voronka_secret_key": "y" * 32}
    given = {"database_url": "unused", "redis_url": "unused", "voronka_public_url": "https://voronka.example.com"}
    return Settings(**(given | secrets | changes))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("POST /sources/01a2-b/s3cret%2F1?x=1 404", "POST /sources/01a2-b/***?x=1 404"),
        ("https://v.example.com/sources/1/two/three", "https://v.example.com/sources/1/***"),
        ("/sources/1", "/sources/1"),
        ("redis://:p%40ss@cache:6379/0", "redis://:***@cache:6379/0"),
        ("postgresql://app:pass@db/voronka", "postgresql://app:***@db/voronka"),
        ("authorization: Bearer eyJh.eyJz.c2ln", "authorization: Bearer ***"),
    ],
)
def test_masks_secrets(text: str, masked: str) -> None:
    assert logs.masked(text) == masked


def test_writes_json_lines_in_production(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(voronka_env="production"))

    structlog.get_logger("ours").warning("не збережено", address="/sources/1/s3cret", tried=[1, "/sources/2/other"])
    logging.getLogger("theirs").error("at %s", "redis://:pass@cache")
    logging.getLogger("theirs").error("failed", exc_info=ValueError("POST /sources/3/s3cret"))

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["event"]) for line in lines] == [
        ("warning", "не збережено"),
        ("error", "at redis://:***@cache"),
        ("error", "failed"),
    ]
    assert (lines[0]["address"], lines[0]["tried"]) == ("/sources/1/***", [1, "/sources/2/***"])
    assert lines[2]["exception"].endswith("ValueError: POST /sources/3/***")


def test_writes_whatever_somebody_sent(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(voronka_env="production"))

    structlog.get_logger().info("half \ud83d", number=2**80, thing={1, 2}.__class__)

    [line] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (line["event"], line["number"], line["thing"]) == ("half \ud83d", 2**80, "<class 'set'>")


def test_leaves_out_what_is_below_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(voronka_env="production", voronka_log_level="WARNING"))

    structlog.get_logger().info("quiet")
    logging.getLogger("theirs").info("quiet")

    assert capsys.readouterr().err == ""


def test_writes_lines_to_read_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(voronka_env="development"))

    structlog.get_logger().info("worker begins", concurrency=2)

    assert "worker begins" in capsys.readouterr().err
