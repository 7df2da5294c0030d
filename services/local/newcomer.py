"""Whom somebody may be who looks at the product for the first time: what the demo's process tells `up`."""

import json
from dataclasses import asdict, dataclass
from typing import Self
from uuid import UUID


@dataclass(frozen=True)
class Newcomer:
    """A person of the demo account."""

    account: UUID
    user: UUID
    name: str

    def to_json(self) -> str:
        return json.dumps({name: str(value) for name, value in asdict(self).items()}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        kept = json.loads(text)
        return cls(UUID(kept["account"]), UUID(kept["user"]), kept["name"])
