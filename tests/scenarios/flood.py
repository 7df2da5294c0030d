"""A flood of leads from three sources: some sent twice, some that say nothing, some that are made to do harm."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from shared.ingest import Request
from tests.samples.requests import JSON, binotel_call, form

KINDS = ("FORM", "JSON", "BINOTEL")
MALFORMED = (
    form({"comment": "no contact"}),
    Request(JSON, b'{"comment": "no contact"}'),
    binotel_call(generalCallID="bad", callType="9"),
)
POISON = (
    form({"name": "a\0b", "phone": "0501112233"}),
    form({"name" + "[x]" * 500: "deep"}),
    Request(JSON, b'{"name": NaN}'),
    Request(JSON, b"{" + b'"a":{' * 500 + b"}" * 501),
    Request(JSON, b'{"name": "\xff\xfe"}'),
    form(
        {
            "callDetails[generalCallID]": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
            "requestType": "apiCallCompleted",
        }
    ),
)
OF_POISON = ("FORM", "FORM", "JSON", "JSON", "JSON", "BINOTEL")


@dataclass(frozen=True)
class Flood:
    """`sendings`: to which kind of source what is posted, in this order. `phones`: of the leads, each once."""

    sendings: Sequence[tuple[str, Request]]
    phones: Sequence[str]
    doubled: int
    bad: int


def flood(count: int, seed: int = 6) -> Flood:
    """A fifth is doubled, 3 % is malformed, 1 % is poison."""
    doubled, malformed, poison = count // 5, count * 3 // 100, count // 100
    good = count - doubled - malformed - poison
    leads = [(KINDS[number % 3], _lead(KINDS[number % 3], number)) for number in range(good)]
    random = Random(seed)
    sendings = [
        *leads,
        *random.sample(leads, doubled),
        *((KINDS[number % 3], MALFORMED[number % 3]) for number in range(malformed)),
        *((OF_POISON[number % 6], POISON[number % 6]) for number in range(poison)),
    ]
    random.shuffle(sendings)
    return Flood(sendings, [f"+380{phone(number)}" for number in range(good)], doubled, malformed + poison)


def phone(number: int) -> str:
    return f"67{number:07}"


def _lead(kind: str, number: int) -> Request:
    called, said = f"Лід {number}", f"0{phone(number)}"
    if kind == "BINOTEL":
        return binotel_call(generalCallID=f"call-{number}", externalNumber=said)
    if kind == "JSON":
        return Request(JSON, f'{{"name": "{called}", "phone": "{said}"}}'.encode())
    return form({"name": called, "phone": said, "utm_source": "google"})
