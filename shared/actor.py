"""Who acts: a person, a source of deals, or the system itself; and what a person may do."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

MOST_KEPT = 4_096


class Permission(StrEnum):
    """What the host CRM lets a user, or itself, do."""

    FUNNELS_MANAGE = "FUNNELS_MANAGE"
    DEALS_WRITE = "DEALS_WRITE"
    BILLING_MANAGE = "BILLING_MANAGE"
    SOURCES_MANAGE = "SOURCES_MANAGE"
    ACCOUNTS_MANAGE = "ACCOUNTS_MANAGE"


class ActorKind(StrEnum):
    USER = "USER"
    SOURCE = "SOURCE"
    IMPORT = "IMPORT"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` is the source's or the import's name as it was when it acted."""

    kind: ActorKind
    id: UUID | None = None
    name: str | None = None
    permissions: frozenset[Permission] = frozenset()

    def to_json(self) -> dict[str, str | None]:
        return {"kind": self.kind, "id": str(self.id) if self.id else None, "name": self.name}

    @classmethod
    def from_json(cls, kept: dict[str, str | None]) -> "Actor":
        kind = kept["kind"]
        assert kind is not None
        return cls.kept(kind, kept["id"], kept["name"])

    @staticmethod
    @lru_cache(MOST_KEPT)
    def kept(kind: str, id: str | None, name: str | None) -> "Actor":
        """The same few people act all day."""
        return Actor(ActorKind(kind), UUID(id) if id else None, name)

    @property
    def sees_all_funnels(self) -> bool:
        """Everyone but a user without FUNNELS_MANAGE, who sees the funnels they are a viewer of."""
        return self.kind is not ActorKind.USER or Permission.FUNNELS_MANAGE in self.permissions

    @property
    def source_name(self) -> str | None:
        """Of a source or an import, as it was called when it acted."""
        return self.name if self.kind in (ActorKind.SOURCE, ActorKind.IMPORT) else None

    @property
    def user_id(self) -> UUID | None:
        return self.id if self.kind is ActorKind.USER else None


SYSTEM = Actor(ActorKind.SYSTEM)
