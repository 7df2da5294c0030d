"""What stands in files that no program of ours reads: locks, image, compose, CI."""

import re
import tomllib
from pathlib import Path

import pytest

from services.local import checks

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_holds_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    pinned = re.findall(r"^[a-z0-9][^ ]*==.*$", text, re.MULTILINE)

    assert len(re.findall(r"==.* \\\n    --hash=sha256:", text)) == len(pinned) > 0
    assert not re.search(r"://|@ |--index|--find-links|# .*[ =]/", text)


def test_the_tools_hold_to_the_versions_that_run() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9][^ ]*==[^ ]+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))

    assert pins("runtime.lock") <= pins("tools.lock")


def test_whatever_is_needed_is_locked() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    locked = (ROOT / "requirements" / "runtime.lock").read_text()

    for requirement in needed:
        name = re.match(r"[\w-]+", requirement)
        assert name is not None
        assert re.search(rf"^{name[0].lower()}==", locked, re.MULTILINE), requirement


def test_ci_runs_the_tests_and_nothing_more() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()

    assert lines[-1] == "exec ./dev test"
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_the_image_is_nobody_special() -> None:
    lines = (ROOT / "services" / "Dockerfile").read_text().splitlines()

    assert not any("syntax=" in line for line in lines)
    assert "USER voronka" in lines
    assert any("--require-hashes" in line for line in lines)


def test_compose_holds_no_secret() -> None:
    text = (ROOT / "docker-compose.yml").read_text()

    assert "VORONKA_JWT_SECRET: ${VORONKA_JWT_SECRET:-} " in text  # or the address of the CRM's keys
    for name in ("VORONKA_DB_PASSWORD", "VORONKA_BROKER_PASSWORD", "VORONKA_SECRET_KEY"):
        assert re.search(rf"\$\{{{name}:\?Set {name} to ", text), name
    assert not re.search(r"(PASSWORD|SECRET|SECRET_KEY): +(?!\$\{)", text)


def test_the_api_runs_alike_here_and_in_the_image() -> None:
    from services.local.up import API  # noqa: PLC0415

    image = re.sub(r"\\\n", "", (ROOT / "services" / "Dockerfile").read_text()).split("CMD ")[1]
    given = re.findall(r'"([^"]+)"', image)

    here = [word for word in API if word != "127.0.0.1"]
    assert sorted(word for word in given if word not in ("0.0.0.0", "--port", "8000")) == sorted(here)


BAD_IMPORTS = {
    "shared/deals/commands.py": ("from shared import payments", "Floors of shared"),
    "shared/money.py": ("from shared import clock", "Floors of shared"),
    "shared/deals/model.py": ("import asyncpg", "Models are pure"),
    "shared/funnels/commands.py": ("import celery", "Celery in the worker and one sender"),
    "shared/events.py": ("import starlette", "Shared knows neither the services nor the web"),
    "services/graphql/app.py": ("from services import worker", "The edge and the worker do not know each other"),
    "services/graphql/board.py": ("import redis", "Redis in the worker, one sender and the limits"),
    "services/worker/app.py": ("import strawberry", "Strawberry in the edge only"),
    "services/worker/tasks.py": (
        "import services.local.up",
        "What runs in production does not know what runs on one machine",
    ),
}


def test_the_floors_are_watched(tmp_path: Path) -> None:
    """A small house in which every floor has a hole."""
    for file, (line, _) in BAD_IMPORTS.items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line + "\n")
    for module in ("services/cli.py", "services/local/up.py", "shared/clock.py", "shared/payments/__init__.py"):
        (tmp_path / module).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / module).touch()
    limit = tmp_path / "services" / "local" / "bench" / "limit" / "app.py"  # what the contracts except must be there
    limit.parent.mkdir(parents=True)
    limit.write_text("import starlette\n")
    for module in ("hints", "db", "config", "actor"):
        (tmp_path / "shared" / f"{module}.py").touch()
    for module_file in list(tmp_path.rglob("*.py")):
        (module_file.parent / "__init__.py").touch()
    for package in ("services", "services/local/bench", "shared"):
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())

    said = checks.of_import_linter(tmp_path).said

    for _, contract in BAD_IMPORTS.values():
        assert f"{contract} BROKEN" in said, said
