"""A child ends with its parent, and runs as who it should."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.local import children, unprivileged
from services.local.children import LAUNCH, User

LAUNCHER = [sys.executable, "-I", "-S", str(LAUNCH)]


def users() -> list[User]:
    """All that this system allows: as root both ways, else none is needed."""
    if os.geteuid() != 0:
        return ["self"]
    return [user for user in unprivileged.users_for_root() if allowed(user)]


def allowed(user: User) -> bool:
    return subprocess.run([*LAUNCHER, user, "probe"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("user", users())
def test_is_not_root(user: User) -> None:
    command = [*LAUNCHER, user, str(os.getpid()), "9", "/bin/sh", "-c", "id -u; id -g; echo $$"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    uid, gid, pid = process.communicate()[0].split()

    assert "0" not in (uid, gid)
    assert int(pid) == process.pid  # the program itself, not somebody who waits for it


def test_goes_with_its_parent(tmp_path: Path) -> None:
    launch = shlex.join(LAUNCHER)
    pidfile = tmp_path / "pid"
    script = f"{launch} self $$ 9 /bin/sleep 60 & echo $! > {shlex.quote(str(pidfile))}; wait"
    parent = subprocess.Popen(["/bin/sh", "-c", script])
    while not (pidfile.exists() and pidfile.read_text()):
        time.sleep(0.01)
    child = int(pidfile.read_text())
    deadline = time.monotonic() + 10
    while b"sleep" not in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[0]:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    parent.kill()
    parent.wait()

    while children.is_alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_does_not_start_for_a_parent_that_is_gone() -> None:
    done = subprocess.run([*LAUNCHER, "self", "1", "9", "/bin/echo", "started"], capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (1, b"")


def test_tells_what_cannot_be_reached(tmp_path: Path) -> None:
    command = [*LAUNCHER, "self", "probe", f"rx:{tmp_path}", f"r:{tmp_path}/none", "x:/", "x:/none"]

    assert subprocess.check_output(command).split() == [b"1", b"3"]
