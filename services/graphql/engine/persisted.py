"""Documents that are named by their SHA-256 instead of being sent: trusted ones, and those that clients registered.

What clients register is kept in this process, bounded, those asked for longest ago forgotten first. A client whose
document is not known here sends it again (that is the protocol), so each process learns each document once. Redis
would spare that one answer, but it is the broker of jobs, persistent and without eviction: nobody unknown may fill it,
and no query waits for it.
"""

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import sha256

from graphql import GraphQLError

from services.graphql.engine.asked import Asked
from services.graphql.engine.refusals import RequestError

MOST_REGISTERED = 500_000  # characters of texts

NOT_FOUND = "PersistedQueryNotFound"  # clients know it by this very word, or by the code


class Persisted:
    """`only_trusted`: nothing else is executed, however it is sent."""

    def __init__(self, trusted: Iterable[str] = (), *, only_trusted: bool = False) -> None:
        self.trusted = {digest_of(text): text for text in trusted}
        self._only_trusted = only_trusted
        self._registered: OrderedDict[str, str] = OrderedDict()
        self._size = 0  # of the texts

    def text(self, asked: Asked) -> str:
        """The document's text. Raises RequestError when it is not known, not what it is called, or not trusted."""
        if asked.text is None:
            return self._known(asked.digest)
        if asked.digest is None and not self._only_trusted:
            return asked.text
        digest = digest_of(asked.text)
        if asked.digest not in (None, digest):
            raise RequestError("BAD_USER_INPUT", GraphQLError("`query` has another SHA-256 than the one given."))
        if self._only_trusted and digest not in self.trusted:
            raise RequestError("FORBIDDEN", GraphQLError("Only documents that are known here are executed."))
        return asked.text

    def _known(self, digest: str | None) -> str:
        assert digest is not None
        text = self.trusted.get(digest)
        if text is None and digest in self._registered:
            self._registered.move_to_end(digest)
            text = self._registered[digest]
        if text is None:
            raise RequestError("PERSISTED_QUERY_NOT_FOUND", GraphQLError(NOT_FOUND))
        return text

    def register(self, asked: Asked) -> None:
        """What came with its SHA-256, and was found to be one that can be executed: from now on that suffices."""
        text, digest = asked.text, asked.digest
        if text is None or digest is None or digest in self.trusted or digest in self._registered:
            return
        self._registered[digest] = text
        self._size += len(text)
        while self._size > MOST_REGISTERED:
            _, forgotten = self._registered.popitem(last=False)
            self._size -= len(forgotten)


def digest_of(text: str) -> str:
    """In hexadecimal."""
    return sha256(text.encode()).hexdigest()
