"""The kinds of sources: each a module that lets its callers in (`verify`) and reads what they send (`parse`)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from shared.ingest.model import Caller, Lead, Lock, Named, NotALead, Request, SourceKind
from shared.ingest.sources import (
    binotel,
    facebook_leads,
    form,
    google_leads,
    json_post,
    phonet,
    ringostat,
    tilda,
)


class Kind(Protocol):
    """What a kind of source is.

    `ANSWER`: what its service wants to hear once the request is kept. `MODULE`: without which its leads wait.
    `SECRET_IN_ADDRESS`: whether what is pasted into the service is the address with the secret in it.
    """

    @property
    def ANSWER(self) -> Mapping[str, str]: ...  # noqa: N802  # a constant of a module

    @property
    def MODULE(self) -> str | None: ...  # noqa: N802

    @property
    def SECRET_IN_ADDRESS(self) -> bool: ...  # noqa: N802

    def verify(self, lock: Lock, caller: Caller, request: Request) -> bool:
        """Whether the request is from whom the address was given to."""

    def parse(self, request: Request, mapping: Mapping[str, Any]) -> Sequence[Lead | Named | NotALead]:
        """The leads in a request, in its order. Raises NotALead when it says nothing to make deals of."""


class Asked(Protocol):
    """What a kind is besides, whose requests only name leads: its own service tells what is in them."""

    def greet(self, query: Mapping[str, str], lock: Lock, greetings: Collection[str]) -> str | None:
        """What to answer when the service connects; None: it is somebody else."""

    def answered(self, event: Mapping[str, Any], answers: Mapping[str, Any], mapping: Mapping[str, Any]) -> Lead:
        """The lead, by its event and what the service says of it. Raises NotALead."""


KINDS: Mapping[SourceKind, Kind] = {
    SourceKind.FORM: form,
    SourceKind.JSON: json_post,
    SourceKind.TILDA: tilda,
    SourceKind.FACEBOOK_LEADS: facebook_leads,
    SourceKind.GOOGLE_LEADS: google_leads,
    SourceKind.BINOTEL: binotel,
    SourceKind.RINGOSTAT: ringostat,
    SourceKind.PHONET: phonet,
}
ASKED: Mapping[SourceKind, Asked] = {SourceKind.FACEBOOK_LEADS: facebook_leads}
SIGNING = frozenset({SourceKind.JSON, SourceKind.FACEBOOK_LEADS})  # their secrets are kept sealed, not hashed only
