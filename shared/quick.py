"""Frozen objects, made quickly.

The constructor of a frozen dataclass sets each attribute by a call of `object.__setattr__`: for the twenty of a deal that
is 15 µs, and a board is made of hundreds of deals. An object of a class of the same slots is filled at a tenth of
that, and then called what it is:

    made = draft()
    made.name = "Анна"
    made.__class__ = Contact
"""

from typing import Any


def drafts(model: type) -> Any:
    """A class whose objects may become objects of a dataclass of slots; what is not set then is not there."""
    return type(f"{model.__name__}Draft", (), {"__slots__": model.__slots__})  # type: ignore[attr-defined]
