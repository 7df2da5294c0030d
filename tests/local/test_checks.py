"""What `./dev check` finds beside what Python's own tools find."""

import re
from pathlib import Path

import pytest

from services.local import checks
from services.local.checks import SDL, Opinion
from services.local.paths import ROOT

RULES = """
[tool.ruff.lint]
select = ["E401"]

[tool.mypy]
files = ["shared"]

[tool.importlinter]
root_packages = ["services", "shared"]

[[tool.importlinter.contracts]]
name = "Shared knows no services"
type = "forbidden"
source_modules = ["shared"]
forbidden_modules = ["services"]
"""
WORDS = {
    "ruff check": "E401",
    "ruff format": "1 file would be reformatted",
    "mypy": 'Module has no attribute "nothing"',
    "import-linter": "Shared knows no services BROKEN",
}


def test_finds_what_is_wrong_with_a_schema(tmp_path: Path) -> None:
    written = tmp_path / SDL
    written.parent.mkdir(parents=True)
    good = (ROOT / SDL).read_text(encoding="utf-8")
    bad = '''type Stray {
  of: String
}
extend type Query {
  """Deals that were made today."""
  getDeals: [Deal!]
}'''
    written.write_text(f"{good}\n{bad}\n", encoding="utf-8")

    opinion = checks.of_eslint(tmp_path)

    assert not opinion.content
    found = set(re.findall(r"@graphql-eslint/([a-z-]+)", opinion.said))
    assert found == {"require-description", "no-unreachable-types", "naming-convention"}


@pytest.mark.parametrize("tool", ["ruff check", "ruff format", "mypy", "import-linter"])
def test_each_tool_is_content_with_an_empty_house_and_finds_what_is_wrong(tmp_path: Path, tool: str) -> None:
    """A house with one file of a kind that each tool has something to say of."""
    (tmp_path / "pyproject.toml").write_text(RULES)
    for package in ("services", "shared"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()

    assert checks.OPINIONS[tool](tmp_path).content
    (tmp_path / "shared" / "wrong.py").write_text("import os, services\nos.nothing")
    opinion = checks.OPINIONS[tool](tmp_path)

    assert not opinion.content
    assert WORDS[tool] in opinion.said


def test_says_what_each_has_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(
        checks,
        "OPINIONS",
        {
            "one": lambda _root: Opinion(content=False, said="this\n"),
            "other": lambda _root: Opinion(content=True, said=""),
            "third": lambda _root: Opinion(content=False, said="that\n"),
        },
    )

    assert not checks.check()

    assert capsys.readouterr().out == "· one\nthis\n· other\n· third\nthat\n"
