"""What is checked without running the product: ruff, mypy, the floors, the SDL. The quickest goes first."""

import subprocess
import sys
from pathlib import Path

from services.local import node
from services.local.paths import ROOT

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("importlinter.cli", "--no-cache"),
)
SDL = "services/graphql/schema.graphql"
RULES = ROOT / "tests" / "schema"  # graphql-eslint, and what it is to look for


def check() -> bool:
    """Whether all of them are content; stops at the first that is not. Raises Refusal where there is no Node.js."""
    for module, *arguments in CHECKS:
        print(f"· {module.partition('.')[0]} {' '.join(arguments)}".rstrip(), flush=True)
        command = [sys.executable, "-P", "-m", module, *arguments]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            return False
    print(f"· eslint {SDL}", flush=True)
    return is_well_written(ROOT)


def is_well_written(root: Path) -> bool:
    """Whether graphql-eslint is content with the SDL of a folder laid out as this one."""
    found = node.install(RULES)
    eslint = RULES / "node_modules" / "eslint" / "bin" / "eslint.js"
    command: list[str | Path] = [found.node, eslint, "--config", RULES / "eslint.config.js", "--max-warnings=0", SDL]
    return subprocess.run(command, cwd=root, env=found.env, check=False).returncode == 0
