"""The folder of `./dev up`: one supervisor at a time, secrets that last, files for our eyes only."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.local import ports
from services.local.errors import Refusal
from services.local.state import State

HOLD = "import sys, pathlib; from services.local.state import State; State(pathlib.Path(sys.argv[1])).take()"


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in folder.rglob("*")}


def test_secrets_are_made_once(tmp_path: Path) -> None:
    state = State(tmp_path / "new")
    first = state.take()

    again = subprocess.run([sys.executable, "-c", HOLD, tmp_path / "new"], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "is already running (pid " in again.stderr

    state.release()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert modes(tmp_path / "new")["secrets.json"] == 0o600
    assert first.postgres_port != first.valkey_port


def test_they_outlive_a_restart(tmp_path: Path) -> None:
    show = HOLD.replace("State(", "print(State(") + ")"
    command = [sys.executable, "-c", show, str(tmp_path / "new")]

    assert subprocess.check_output(command) == subprocess.check_output(command)


def test_takes_an_empty_folder_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    before = tmp_path.stat().st_mode

    with pytest.raises(Refusal, match="holds other things"):
        State(tmp_path).take()

    assert tmp_path.stat().st_mode == before


def test_refuses_what_it_cannot_make(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Refusal, match=r"cannot be used \(Not a directory\)"):
        State(tmp_path / "file" / "state").take()


def test_env_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = State(tmp_path / "тека з пробілом")
    state.take()
    state.write_env({"A": "1", "B": "x=y z"})

    state.release()
    assert state.read_env() == {"A": "1", "B": "x=y z"}
    assert modes(state.folder)["run/env"] == 0o600
    assert State(tmp_path / "none").read_env() == {}


def test_ports_stay_out_of_the_range_of_clients() -> None:
    assert all(20_000 <= ports.choose() < 32_000 for _ in range(5))
