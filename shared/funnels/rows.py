"""Funnels and stages out of rows."""

from dataclasses import fields

from shared.funnels.model import Funnel, Stage, StageKind
from shared.quick import Form, reader

FUNNEL_FORM = Form(Funnel)
STAGE_FORM = Form(Stage, enums={"kind": StageKind})

_FUNNEL = [field.name for field in fields(Funnel)]
_STAGE = [field.name for field in fields(Stage)]
FUNNEL, STAGE = ", ".join(_FUNNEL), ", ".join(_STAGE)

funnels_of = reader(FUNNEL_FORM, _FUNNEL)  # of rows that begin with FUNNEL
stages_of = reader(STAGE_FORM, _STAGE)  # of rows that begin with STAGE
