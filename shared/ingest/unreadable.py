"""Bodies that are refused as a whole: how much is too much, and what is said of it."""

from collections.abc import Mapping

from shared.errors import Sentence
from shared.ingest.model import InboxState, NotALead, Request

MOST_FIELDS = 1_000
DEEPEST = 10  # names within a name: callDetails[historyData][0][waitsec] is 4 deep
LONGEST_TEXT = 100_000  # characters of one field: nobody writes more
LONGEST_RAW = 10_000  # characters of a body that is shown as it is

TOO_MANY_FIELDS = Sentence(f"The request has more than {MOST_FIELDS} fields.", f"У запиті понад {MOST_FIELDS} полів.")
TOO_DEEP = Sentence(
    f"The request's fields are nested more than {DEEPEST} deep.",
    f"Поля запиту вкладено глибше ніж на {DEEPEST} рівнів.",
)
TOO_LONG = Sentence(
    f"A field of the request has more than {LONGEST_TEXT} characters.",
    f"У запиті є поле, довше за {LONGEST_TEXT} символів.",
)
NO_TEXT = Sentence(
    "The request holds bytes or characters that are no text.", "У запиті є байти або символи, які не є текстом."
)
UNREADABLE = Sentence("The request's body cannot be read as a form.", "Тіло запиту не читається як форма.")
NO_JSON = Sentence("The request's body is no JSON object.", "Тіло запиту не є об'єктом JSON.")


def raw(request: Request) -> Mapping[str, str]:
    """A body that could not be read, to look at."""
    text = request.body[: 4 * LONGEST_RAW].decode(errors="replace").replace("\0", "\ufffd")
    return {"body": text[:LONGEST_RAW]}


def refused(code: str, sentence: Sentence, request: Request) -> NotALead:
    """The whole request is REJECTED; its body is shown as it came."""
    return NotALead(InboxState.REJECTED, code, sentence, raw(request))
