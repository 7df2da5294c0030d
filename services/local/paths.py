"""Where things are in a checkout. The environment of ./dev is found from the Python that runs."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.prefix) / "programs"  # wheels that carry a program, see `dev`
