"""Calls to providers. What is not answered, or not with what can be read, has an outcome that nobody knows."""

from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from shared import certificates
from shared.payments.model import NotReached, OutcomeUnknown
from shared.payments.providers.reading import as_written

PATIENCE = 8.0  # seconds; shorter than any job may take


async def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    json: object = None,
    form: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What the provider answers, its numbers as they were written. Raises OutcomeUnknown, and NotReached of that."""
    content = None if json is None else orjson.dumps(json)
    sent = dict(headers or {}) | ({} if json is None else {"content-type": "application/json"})
    try:
        async with httpx.AsyncClient(timeout=PATIENCE, verify=certificates.trusted()) as client:
            response = await client.request(method, url, headers=sent, content=content, data=form, params=params)
    except (httpx.ConnectError, httpx.ConnectTimeout) as failure:
        raise NotReached(f"{type(failure).__name__}: {failure}") from failure
    except (httpx.HTTPError, OSError) as failure:
        raise OutcomeUnknown(f"{type(failure).__name__}: {failure}") from failure
    answer = as_written(response.content)
    if response.status_code >= 500 or not isinstance(answer, dict):
        raise OutcomeUnknown(f"HTTP {response.status_code}: {response.text[:200]}")
    return answer | {"_status": response.status_code}
