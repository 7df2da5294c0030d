"""What is checked without running the product: ruff, mypy and the floors. The quickest goes first."""

import subprocess
import sys

from services.local.paths import ROOT

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("importlinter.cli", "--no-cache"),
)


def check() -> bool:
    """Whether all of them are content; stops at the first that is not."""
    for module, *arguments in CHECKS:
        print(f"· {module.partition('.')[0]} {' '.join(arguments)}".rstrip(), flush=True)
        command = [sys.executable, "-P", "-m", module, *arguments]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            return False
    return True
