"""Accounts, their users, and which paid modules they may use. The host CRM owns the first two; billing the last."""

from shared.accounts.commands import (
    RESUME_WAITING,
    create,
    get,
    knows,
    open_modules,
    require_module,
    require_users,
    save_users,
    set_clock_offset,
    usable_modules,
    user_ids_by_email,
    users,
)
from shared.accounts.model import Account, NewAccount, NewUser, User, read_users

__all__ = [
    "RESUME_WAITING",
    "Account",
    "NewAccount",
    "NewUser",
    "User",
    "create",
    "get",
    "knows",
    "open_modules",
    "read_users",
    "require_module",
    "require_users",
    "save_users",
    "set_clock_offset",
    "usable_modules",
    "user_ids_by_email",
    "users",
]
