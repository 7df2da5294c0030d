"""Node.js for tests and builds, and what it installs."""

import json
import subprocess
from pathlib import Path

from services.local import node


def test_is_new_enough() -> None:
    found = node.node()

    version = subprocess.check_output([found.node, "--version"], text=True)
    assert int(version.removeprefix("v").split(".")[0]) >= node.OLDEST
    assert subprocess.check_output([*found.npm, "--version"], env=found.env, text=True)


def test_installs_by_the_lock_once(tmp_path: Path) -> None:
    package = {"name": "clients", "version": "1.0.0"}
    (tmp_path / "package.json").write_text(json.dumps(package))
    lock = {**package, "lockfileVersion": 3, "packages": {"": package}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))

    node.install(tmp_path)
    stamp = tmp_path / "node_modules" / node.STAMP
    first = stamp.stat().st_mtime_ns
    node.install(tmp_path)

    assert stamp.stat().st_mtime_ns == first
