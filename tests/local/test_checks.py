"""What `./dev check` finds beside what Python's own tools find."""

import re
from pathlib import Path

import pytest

from services.local.checks import SDL, is_well_written
from services.local.paths import ROOT


def test_finds_what_is_wrong_with_a_schema(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
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

    assert not is_well_written(tmp_path)

    found = set(re.findall(r"@graphql-eslint/([a-z-]+)", capfd.readouterr().out))
    assert found == {"require-description", "no-unreachable-types", "naming-convention"}
