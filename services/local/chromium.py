"""Chromium for tests in a real browser: one that is installed, else installed now, else a clear error."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from services.local.errors import Refusal

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge", "microsoft-edge")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
DEBIAN = Path("/etc/debian_version")

NONE = """\
There is no Chromium for the tests in a browser, and it could not be installed:
  apt-get install chromium              Debian
  brew install --cask google-chrome     macOS"""


@cache
def chromium() -> Path | None:
    """Where it is; None for the one that Playwright brought itself. Raises Refusal when there is none."""
    if found := installed():
        return found
    if DEBIAN.exists() and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", "chromium")
        if found := installed():
            return found
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(playwright, stdout=sys.stderr, check=False).returncode == 0:
        return None
    raise Refusal(NONE)


def installed() -> Path | None:
    """The first one that runs: what some systems call chromium only tells to install something else."""
    candidates = [Path(path) for name in NAMES if (path := shutil.which(name))]
    return next((path for path in (*candidates, MAC) if _runs(path)), None)


def _runs(program: Path) -> bool:
    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _apt(*words: str) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "--quiet=2", *words], env=env, stdout=sys.stderr, check=False)
