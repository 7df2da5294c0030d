"""A process of a test dies at a point of its own choice, as by kill -9: nothing is tidied up, nobody is told.

Only `CRASH_AT` of a process whose `VORONKA_ENV` is test arms a point; `Settings` refuses it anywhere else.
"""

import os

EXIT_CODE = 86

_armed: str | None = None


def arm(point: str | None) -> None:
    """The process dies when it first gets there."""
    global _armed
    _armed = point


def at(point: str) -> None:
    if point == _armed:
        os._exit(EXIT_CODE)
