"""Which Chromium the tests in a browser take."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.local import chromium
from services.local.errors import Refusal
from tests.local.test_binaries import program


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(chromium, "MAC", tmp_path / "Chrome")
    monkeypatch.setattr(chromium, "DEBIAN", tmp_path / "debian_version")
    monkeypatch.setattr(chromium, "NAMES", ("chromium", "google-chrome"))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    chromium.chromium.cache_clear()
    yield
    chromium.chromium.cache_clear()


def test_takes_the_first_that_runs(tmp_path: Path) -> None:
    stub = program(tmp_path / "path" / "chromium", "")
    stub.write_text("#!/bin/sh\necho 'install the snap' >&2; exit 1\n")
    chrome = program(tmp_path / "path" / "google-chrome", "Google Chrome 150")

    assert chromium.chromium() == chrome


def test_root_on_debian_installs_it(tmp_path: Path) -> None:
    (tmp_path / "debian_version").touch()
    said = tmp_path / "said"
    apt = program(tmp_path / "path" / "apt-get", "")
    made = tmp_path / "path" / "chromium"
    apt.write_text(f"#!/bin/sh\necho $* >> {said}\nprintf '#!/bin/sh\\n' > {made}; /bin/chmod 755 {made}\n")

    assert chromium.chromium() == made
    assert said.read_text().splitlines() == [
        "--quiet=2 update",
        "--quiet=2 install --yes --no-install-recommends chromium",
    ]


def test_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")

    with pytest.raises(Refusal, match="apt-get install chromium"):
        chromium.chromium()
