"""Who is asking, as their token and our rows say."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.accounts import Account, User
from shared.actor import Actor, Permission
from shared.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person in their account; or the host CRM itself, which has neither (`account`, `user` are None).

    `owner_id`: whose idempotency keys these are, the account's or, for the CRM, the issuer's.
    """

    actor: Actor
    account: Account | None
    user: User | None
    owner_id: UUID
    locale: str | None
    expires_at: datetime

    @property
    def account_id(self) -> UUID | None:
        return self.account.id if self.account else None

    @property
    def country(self) -> str:
        """Of national phone numbers."""
        return self.require_account().country

    @property
    def permissions(self) -> frozenset[Permission]:
        return self.actor.permissions

    def require(self, permission: Permission) -> None:
        """Raises Forbidden."""
        if permission not in self.permissions:
            raise Forbidden(permission if self.account else None)  # what is a person's, no right gives to the host CRM

    def require_account(self) -> Account:
        """Raises Forbidden for the host CRM: it sets accounts up, and looks into none."""
        if self.account is None:
            raise Forbidden(None)
        return self.account
