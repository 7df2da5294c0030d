"""Recorded requests of lead sources, and small changes to them."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from shared.ingest import Request

FOLDER = Path(__file__).parent
URLENCODED = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}
MULTIPART = {"content-type": "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW"}


def binotel_call(**changes: str | None) -> Request:
    """A call through Binotel as it was captured. `changes`: by the names within callDetails; None leaves one out."""
    recorded = dict(parse_qsl((FOLDER / "binotel_call.txt").read_text(), keep_blank_values=True))
    for name, value in changes.items():
        field = name if name == "requestType" else f"callDetails[{name}]"
        recorded.pop(field, None)
        if value is not None:
            recorded[field] = value
    return form(recorded)


def posted(name: str, **changes: Any) -> Request:
    """A recorded request that is JSON. `changes`: at its top; None leaves one out."""
    recorded = json.loads((FOLDER / f"{name}.json").read_text())
    if not changes:
        return Request(JSON, (FOLDER / f"{name}.json").read_bytes())
    kept = {key: value for key, value in (recorded | changes).items() if value is not None}
    return Request(JSON, json.dumps(kept, ensure_ascii=False).encode())


def facebook_answers() -> dict[str, Any]:
    """What the Graph API says of the lead that `facebook_leads` names."""
    answers: dict[str, Any] = json.loads((FOLDER / "facebook_answers.json").read_text())
    return answers


def fields_of(name: str, **changes: str | None) -> Request:
    """A recorded form post. None leaves a field out."""
    recorded = dict(parse_qsl((FOLDER / f"{name}.txt").read_text(), keep_blank_values=True))
    return form({key: value for key, value in (recorded | changes).items() if value is not None})


def web_form() -> Request:
    """A page's form, urlencoded by a browser."""
    return Request(URLENCODED, (FOLDER / "form_urlencoded.txt").read_bytes())


def multipart_form() -> Request:
    """A page's form with a file, as a browser posts it."""
    return Request(MULTIPART, (FOLDER / "form_multipart.txt").read_bytes())


def form(fields: dict[str, str], **headers: str) -> Request:
    """Any other form. Headers with `_` for `-`."""
    return Request(
        URLENCODED | {name.replace("_", "-"): value for name, value in headers.items()}, urlencode(fields).encode()
    )
