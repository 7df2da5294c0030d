"""Accounts, their users, and which paid modules they may use. The host CRM owns the first two; billing the last."""

from shared.accounts.commands import (
    create,
    get,
    knows,
    open_modules,
    require_module,
    require_users,
    save_users,
    usable_modules,
    users,
)
from shared.accounts.model import Account, NewAccount, NewUser, User, UserChanged

__all__ = [
    "Account",
    "NewAccount",
    "NewUser",
    "User",
    "UserChanged",
    "create",
    "get",
    "knows",
    "open_modules",
    "require_module",
    "require_users",
    "save_users",
    "usable_modules",
    "users",
]
