"""What one process of the API has once, and every request uses."""

import asyncio
from dataclasses import dataclass, field

from graphql import GraphQLSchema

from services.graphql import language
from services.graphql.auth import SignIn
from services.graphql.context import Context
from services.graphql.engine.document import Documents
from services.graphql.limits import Budget
from services.graphql.live.leases import Leases
from services.graphql.live.rooms import Rooms
from services.graphql.live.sockets import Sockets
from services.graphql.viewer import Viewer
from shared.config import Settings
from shared.db import Database
from shared.hints import AccountChanged, Hint, UserChanged

AT_ONCE = 4  # messages


@dataclass(frozen=True)
class House:
    """`making`: messages of subscriptions take turns in being made, so that requests find the database free."""

    settings: Settings
    db: Database
    schema: GraphQLSchema
    documents: Documents
    sign_in: SignIn
    rooms: Rooms
    sockets: Sockets
    budget: Budget | None = None
    leases: Leases | None = None
    making: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def context(self, viewer: Viewer | None, accept_language: str | None) -> Context:
        """For one operation. Close it at the end."""
        return Context(self.db, self.settings, self.rooms, viewer, self.language(viewer, accept_language))

    def language(self, viewer: Viewer | None, accepted: str | None) -> str:
        account = viewer.account if viewer else None
        return language.choose(viewer.locale if viewer else None, accepted, account.language if account else None)

    def hear(self, hint: Hint) -> None:
        """What this process, or another one, has committed."""
        if isinstance(hint, UserChanged):
            self.sign_in.forget(hint.account_id, hint.user_id)
            self.sockets.look_at(hint.account_id, hint.user_id)
        elif isinstance(hint, AccountChanged):
            self.sign_in.forget_account(hint.account_id)
            self.sockets.renew(hint.account_id)
        else:
            self.rooms.hear(hint)
