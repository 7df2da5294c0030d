"""GraphiQL: built from npm's packages, served by nobody but us, and drawn by a real browser."""

import os
import re
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from graphql import parse, validate
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.graphql import explorer as served
from services.graphql.schema import executable
from services.local import children, chromium, explorer, node
from services.local.state import State
from shared.config import Settings
from tests.local.test_binaries import program
from tests.up import until

# Hosts that stand in the libraries' names of XML namespaces and in what they say to developers; nobody asks them.
ONLY_TOLD_OF = {"www.w3.org", "github.com", "react.dev", "yarnpkg.com", "en.wikipedia.org", "commonmark.org"}
ONLY_TOLD_OF |= {"codemirror.net"}
LOADS = re.compile(r"""(?:src=|href=|url\(|import\(|import |from |fetch\(|@import )\s*["']?(?:https?:)?//""")
LONG = 60  # seconds; another test may have the processor


@pytest.fixture(scope="module")
def built() -> Path:
    explorer.build()
    return explorer.FOLDER / "dist"


def settings(**given: Any) -> Settings:
    needed = {"database_url": "postgresql://nobody@nowhere/nothing", "redis_url": "redis://nowhere"}
    return Settings(**(needed | given))


def app(settings: Settings, asked: list[Request] | None = None) -> Starlette:
    """`asked`: gathers whatever is asked of the page's address by POST."""

    async def answer(request: Request) -> Response:
        if request.method == "GET":
            return await served.page(request)
        if asked is not None:
            asked.append(request)
        return JSONResponse({"data": {"viewer": None, "funnels": {"nodes": []}}})

    made = Starlette(routes=[Route("/graphql", answer, methods=["GET", "POST"]), *served.routes])
    made.state.settings = settings
    return made


@pytest.fixture
async def client(built: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app(settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://voronka") as client:
        yield client


def test_what_is_built_loads_nothing_from_elsewhere(built: Path) -> None:
    assets = sorted((built / "assets").iterdir())
    page = (built / "index.html").read_text()

    assert re.findall(r'(?:src|href)="([^"]*)"', page) == [
        "data:,",
        *(f"/explorer/{file.name}" for file in assets if re.fullmatch(r"explorer-\w{8}\.css", file.name)),
        *(f"/explorer/{file.name}" for file in assets if re.fullmatch(r"explorer-\w{8}\.js", file.name)),
    ]
    assert "://" not in page
    for file in assets:
        text = file.read_text()
        assert LOADS.search(text.replace("http://www.w3.org", "")) is None, file.name
        if file.suffix in (".js", ".css"):
            assert set(re.findall(r"(?:https?|wss?)://([\w.-]+)", text)) <= ONLY_TOLD_OF, file.name
            assert re.fullmatch(r".+-\w{8}\.\w+", file.name)


def test_it_is_built_once(built: Path) -> None:
    before = (built / "index.html").stat().st_mtime_ns

    explorer.build()

    assert explorer.is_built()
    assert (built / "index.html").stat().st_mtime_ns == before


@pytest.fixture
def unbuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with sources, and a Node.js that says it is one. What npm does is up to the test."""
    program(tmp_path / "path" / "node", "v24.0.0")
    monkeypatch.setenv("PATH", f"{tmp_path}/path", prepend=":")
    folder = tmp_path / "explorer"
    folder.mkdir()
    (folder / "package-lock.json").write_text("{}")
    return folder


def test_a_failure_to_build_is_one_sentence(unbuilt: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program(tmp_path / "path" / "npm", "").write_text("#!/bin/sh\necho the registry is away >&2; exit 1\n")
    state = State(tmp_path / "state")
    state.take()
    with explorer.building(state, unbuilt) as process:
        assert process is not None
        assert process.wait(LONG) == 1
    state.release()

    log = state.log("explorer")
    said = f"dev: GraphiQL could not be built, and all else works without it ({log} says why)\n"
    assert capfd.readouterr() == ("", said)
    assert log.read_text() == f"npm ci failed in {unbuilt}:\nthe registry is away\n\n"


def test_whoever_builds_ends_with_us(unbuilt: Path, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    program(tmp_path / "path" / "npm", "").write_text(f"#!/bin/sh\necho $$ > {begun}\nexec sleep 600\n")
    state = State(tmp_path / "state")
    state.take()
    with explorer.building(state, unbuilt):
        npm = int(begun.read_text())  # waits for somebody to write
    state.release()

    until(lambda: not children.is_alive(npm), LONG)


def test_its_types_hold(built: Path) -> None:
    found = node.install(explorer.FOLDER)

    command = [*found.npm, "run", "check", "--silent"]
    done = subprocess.run(command, cwd=explorer.FOLDER, env=found.env, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_every_query_of_its_tabs_is_one_of_ours() -> None:
    queries = re.findall(r"= `(.*?)`;", (explorer.FOLDER / "src" / "tabs.ts").read_text(), re.DOTALL)

    assert len(queries) == 8
    for query in queries:
        assert validate(executable, parse(query.replace("\\`", "`"))) == [], query


def test_its_lock_holds_no_address() -> None:
    assert '"resolved"' not in (explorer.FOLDER / "package-lock.json").read_text()


async def test_the_page_may_talk_to_nobody_but_us(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql")

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"


async def test_its_files_are_kept_for_ever(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql")
    script = re.search(r'src="([^"]+)"', page.text)
    assert script is not None

    file = await client.get(script[1])

    assert file.status_code == 200
    assert "javascript" in file.headers["content-type"]
    assert file.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", ["none.js", "..%2Findex.html", "..%2f..%2f__init__.py", ".", "%2e%2e", "a%00b"])
async def test_nothing_else_is_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/explorer/{name}")).status_code == 404


async def test_payers_who_were_given_no_address_come_back_to_it(client: httpx.AsyncClient) -> None:
    for back in (await client.get("/"), await client.post("/", data={"orderReference": "1"})):
        assert (back.status_code, back.headers["location"]) == (303, "/graphql")


async def test_says_how_to_build_it(client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "DIST", tmp_path)

    page = await client.get("/graphql")

    assert page.status_code == 200
    assert "npm run build" in page.text


@pytest.mark.parametrize(("introspection", "page_status", "file_status"), [(None, 405, 404), (True, 200, 200)])
async def test_production_has_it_where_introspection_is_allowed(
    built: Path, introspection: bool | None, page_status: int, file_status: int
) -> None:
    production = settings(
        voronka_env="production",
        voronka_jwt_secret="s" * 40,
        voronka_secret_key="k" * 40,
        voronka_public_url="https://voronka.example",
        voronka_introspection=introspection,
    )
    name = next((built / "assets").glob("explorer-*.js")).name
    transport = httpx.ASGITransport(app(production))
    async with httpx.AsyncClient(transport=transport, base_url="http://voronka") as client:
        page, file = await client.get("/graphql"), await client.get(f"/explorer/{name}")
        home = await client.get("/")

    assert (page.status_code, file.status_code) == (page_status, file_status)
    assert home.status_code == (303 if page_status == 200 else 404)
    assert page_status == 200 or page.headers["allow"] == "POST"


@contextmanager
def listening(app: Starlette) -> Iterator[str]:
    """The address of a server for a browser. Its socket takes connections before it does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def drawn(url: str, profile: Path) -> str:
    """The page as it stands in a real browser once its scripts have run."""
    program = chromium.chromium()
    assert program is not None
    command = [str(program), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += [f"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=True).stdout


def test_a_browser_draws_the_editor_with_its_tabs(built: Path, tmp_path: Path) -> None:
    with listening(app(settings())) as address:
        page = drawn(f"{address}/graphql", tmp_path)

    tabs = re.findall(r'<button[^>]*class="[^"]*graphiql-tab-button[^"]*"[^>]*>([^<]+)', page)
    assert tabs == ["WhoAmI", "Funnels", "Board", "Follow", "CreateDeal", "MoveDeal"]
    assert "cm-keyword" in page  # the editor has read the query and coloured it
    assert "no token: ./dev up prints one" in page


def test_the_token_goes_from_the_fragment_to_the_header_alone(built: Path, tmp_path: Path) -> None:
    asked: list[Request] = []
    with listening(app(settings(), asked)) as address:
        page = drawn(f"{address}/graphql#token=aa.bb.cc", tmp_path)

    assert "a service token" in page  # that is what an API says without a viewer
    assert {request.headers["authorization"] for request in asked} == {"Bearer aa.bb.cc"}
    assert {str(request.url) for request in asked} == {f"{address}/graphql"}
    assert not any("aa.bb.cc" in request.headers.get("referer", "") for request in asked)
    assert "aa.bb.cc" not in page
