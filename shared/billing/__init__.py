"""Paid modules: the catalogue, and which of them an account has."""

from shared.billing.commands import END_TRIAL, end_trial, get_many, prices, start_trial, states, trials_used
from shared.billing.model import CATALOGUE, INTERVALS, Module, ModuleState, Price, Subscription

__all__ = [
    "CATALOGUE",
    "END_TRIAL",
    "INTERVALS",
    "Module",
    "ModuleState",
    "Price",
    "Subscription",
    "end_trial",
    "get_many",
    "prices",
    "start_trial",
    "states",
    "trials_used",
]
