"""Signatures that providers document, or that were computed by others."""

from pathlib import Path
from typing import Any

import orjson

VECTORS: list[dict[str, Any]] = orjson.loads(
    (Path(__file__).parents[2] / "samples" / "payment_vectors.json").read_bytes()
)
DOCS_KEY = "a4825234f4bae72a0be04eafe9e8e2bada209255"  # of LiqPay's documentation
DOCS_DATA = (
    "eyJwdWJsaWNfa2V5IjoiaTAwMDAwMDAwIiwidmVyc2lvbiI6NywiYWN0aW9uIjoicGF5IiwiYW1vdW50IjoiMyIsImN1cnJlbmN5IjoiVUFIIiwi"
    "ZGVzY3JpcHRpb24iOiJ0ZXN0Iiwib3JkZXJfaWQiOiIwMDAwMDEifQ=="
)
DOCS_SHA3 = "0adgJ8F2Ds5HCVkcz4AlmdLMRoIJf7IxsL3QmeFRz/s="
PAID_DATA = "eyJhbW91bnQiOiAiMTAuMDAiLCAib3JkZXJfaWQiOiAiMTIzNDU2IiwgInN0YXR1cyI6ICJzdWNjZXNzIn0="
PAID_SHA1 = "VGW5QAQa1bALnHZNUa+YVKUZzuU="
PAID_BY_ITS_SDK = "mImHiMlo8z80jSh7+tWOz0enjIk="  # wrongly: over what `data` holds, not over `data`


def expected(provider: str, name: str) -> str:
    return str(_find(provider, name)["expected"])


def given(provider: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = _find(provider, name)["input"]
    return found


def _find(provider: str, name: str) -> dict[str, Any]:
    (found,) = (one for one in VECTORS if (one["provider"], one["name"]) == (provider, name))
    return found
