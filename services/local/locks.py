"""Makes requirements/*.lock anew. A lock holds names, versions and hashes, and no address: any index will do."""

import subprocess
import sys

from services.local.errors import Refusal
from services.local.paths import ROOT

COMPILE = ("uv", "pip", "compile", "--quiet", "--no-config", "--universal", "--generate-hashes", "--no-header")
OLDEST_PYTHON = ("--python-version", "3.11")

# The tools hold to the versions that run: what is tested is what is used.
LOCKS = {
    "runtime": ("pyproject.toml",),
    "tools": ("pyproject.toml", "--extra", "test", "--constraint", "requirements/runtime.lock"),
    "postgres": ("requirements/postgres.in", "--no-deps"),
    "valkey": ("requirements/valkey.in", "--no-deps"),
    "node": ("requirements/node.in", "--no-deps"),
    "uv": ("requirements/uv.in",),
}


def lock(*, upgrade: bool) -> None:
    for name, sources in LOCKS.items():
        command = [
            sys.executable,
            "-m",
            *COMPILE,
            *OLDEST_PYTHON,
            *sources,
            "--output-file",
            f"requirements/{name}.lock",
        ]
        if upgrade:
            command.append("--upgrade")
        if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:
            raise Refusal(f"requirements/{name}.lock could not be made.")
