"""The audits of npm's graphql-http: GraphQL over HTTP as its authors check it."""

import asyncio
import subprocess
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import orjson

from services.local import node
from services.local.paths import ROOT
from tests import client

CLIENTS = ROOT / "tests" / "clients"
# They ask for the schema, and take nothing else for a good answer.
INTROSPECTING = {"2EA1", "28B9", "D6D5", "6A70"}


async def audited(*urls: str) -> dict[str, list[dict[str, Any]]]:
    program = (await asyncio.to_thread(node.install, CLIENTS)).node
    audits = await asyncio.create_subprocess_exec(
        program, "audits.mjs", *urls, cwd=CLIENTS, stdout=PIPE, stderr=subprocess.STDOUT
    )
    said, _ = await audits.communicate()
    assert audits.returncode == 0, said
    results: dict[str, list[dict[str, Any]]] = orjson.loads(said)
    return results


async def test_every_audit_is_passed(api: client.Api, tmp_path: Path, dsn: str, redis_url: str) -> None:
    async with client.production(tmp_path, dsn, redis_url) as closed:
        urls = [f"http://127.0.0.1:{one.port}/graphql" for one in (api, closed)]
        results = await audited(*urls)

    open_, shut = (results[url] for url in urls)
    assert [audit for audit in open_ if audit["status"] != "ok"] == []
    assert len(open_) == 61
    failed = {audit["id"]: audit for audit in shut if audit["status"] != "ok"}
    assert failed.keys() == INTROSPECTING, failed
    assert len(shut) - len(failed) == 57
