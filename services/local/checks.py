"""What is checked without running the product: ruff, mypy, the floors, the SDL. All at once, for each has one processor."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from services.local import node
from services.local.paths import ROOT

SDL = "services/graphql/schema.graphql"
RULES = ROOT / "tests" / "schema"  # graphql-eslint, and what it is to look for
# As a module import-linter does nothing, and its script names the folder in which it was installed.
LINT_IMPORTS = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as lint; lint()"


@dataclass(frozen=True)
class Opinion:
    """What a tool says of the house, and whether it is content."""

    content: bool
    said: str


def of_ruff(root: Path) -> Opinion:
    return _python(root, "-m", "ruff", "check", ".")


def of_its_formatter(root: Path) -> Opinion:
    return _python(root, "-m", "ruff", "format", "--check", ".")


def of_mypy(root: Path) -> Opinion:
    return _python(root, "-m", "mypy")


def of_import_linter(root: Path) -> Opinion:
    return _python(root, "-c", LINT_IMPORTS, "--no-cache")


def of_eslint(root: Path) -> Opinion:
    """Of graphql-eslint on the SDL. Raises Refusal where there is no Node.js."""
    found = node.install(RULES)
    eslint = RULES / "node_modules" / "eslint" / "bin" / "eslint.js"
    return _ask(root, [found.node, eslint, "--config", RULES / "eslint.config.js", "--max-warnings=0", SDL], found.env)


OPINIONS: Mapping[str, Callable[[Path], Opinion]] = {
    "ruff check": of_ruff,
    "ruff format": of_its_formatter,
    "mypy": of_mypy,
    "import-linter": of_import_linter,
    f"eslint {SDL}": of_eslint,
}


def check() -> bool:
    """Whether all of them are content. Raises Refusal where there is no Node.js."""
    content = True
    with ThreadPoolExecutor(len(OPINIONS)) as asking:
        opinions = asking.map(lambda of: of(ROOT), OPINIONS.values())
        for name, opinion in zip(OPINIONS, opinions, strict=True):
            print(f"· {name}\n{opinion.said.strip()}".rstrip(), flush=True)
            content = content and opinion.content
    return content


def _python(root: Path, *arguments: str) -> Opinion:
    return _ask(root, [sys.executable, "-P", *arguments], os.environ)


def _ask(root: Path, command: Sequence[str | Path], env: Mapping[str, str]) -> Opinion:
    colours = {"FORCE_COLOR": "1"} if sys.stdout.isatty() else {}  # what is kept for its turn is shown as it was meant
    done = subprocess.run(
        command,
        cwd=root,
        env={**env, **colours},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Opinion(done.returncode == 0, done.stdout)
