"""Funnels: a row of stages, why deals are lost, and who may see it all."""

from shared.funnels.commands import (
    MODULE,
    Locked,
    board_totals,
    create,
    find,
    get_many,
    lock,
    loss_reasons,
    page,
    require_visible,
    seen_by,
    set_viewers,
    stages,
    totals,
    viewer_ids,
    visible,
)
from shared.funnels.events import FunnelChanged
from shared.funnels.model import Funnel, FunnelPage, LossReason, NewFunnel, Stage, StageKind, Total

__all__ = [
    "MODULE",
    "Funnel",
    "FunnelChanged",
    "FunnelPage",
    "Locked",
    "LossReason",
    "NewFunnel",
    "Stage",
    "StageKind",
    "Total",
    "board_totals",
    "create",
    "find",
    "get_many",
    "lock",
    "loss_reasons",
    "page",
    "require_visible",
    "seen_by",
    "set_viewers",
    "stages",
    "totals",
    "viewer_ids",
    "visible",
]
