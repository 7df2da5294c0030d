"""The kinds of sources: each a module that lets its callers in (`verify`) and reads what they send (`parse`)."""

from collections.abc import Mapping
from typing import Any, Protocol

from shared.ingest.model import Caller, Lead, Lock, Request, SourceKind
from shared.ingest.sources import binotel, form


class Kind(Protocol):
    """What a kind of source is. `ANSWER`: what its service wants to hear once the request is kept."""

    @property
    def ANSWER(self) -> Mapping[str, str]: ...  # noqa: N802  # a constant of a module

    def verify(self, lock: Lock, caller: Caller, request: Request) -> bool:
        """Whether the request is from whom the address was given to."""

    def parse(self, request: Request, mapping: Mapping[str, Any]) -> list[Lead]:
        """The leads in a request, in its order. Raises NotALead when it says nothing to make deals of."""


KINDS: Mapping[SourceKind, Kind] = {
    SourceKind.FORM: form,
    SourceKind.BINOTEL: binotel,
}
