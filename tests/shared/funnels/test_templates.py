"""Funnels begin as a template of services or of goods, in the language of whoever makes them."""

from typing import Any

import pytest

from shared import funnels, ids
from shared.db import Transaction
from shared.errors import LANGUAGES, InvalidInput
from shared.forms import COLOR
from shared.funnels import TEMPLATES, NewFunnel, Template
from shared.funnels.templates import GOODS, SERVICES
from tests.shared.deals.refused import refused

BARE: dict[str, Any] = {"name": "Оренда", "viewer_ids": [], "stages": [], "loss_reasons": []}
ENTRY = "Не опрацьовані звернення"
STAGES = {
    SERVICES.id: ["Зідзвін", "Презентація", "Погодження договору", "Підписання договору", "Оплата"],
    GOODS.id: [
        "Зідзвін",
        "Підтвердження платежу",
        "Оформлення відправлення",
        "В дорозі",
        "Відправлення отримано",
    ],
}


def read(template: Template, language: str = "uk", **given: Any) -> NewFunnel:
    return NewFunnel.read(BARE | {"template_id": str(template.id)} | given, language)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template.name.en)
def test_fills_what_is_not_given(template: Template) -> None:
    new = read(template)

    assert [stage.name for stage in new.stages] == [ENTRY, *STAGES[template.id], "Успішно реалізовано", "Втрачено"]
    assert [stage.probability for stage in new.stages] == [14, 29, 43, 57, 71, 86, 100, 0]
    assert list(new.loss_reasons) == [reason.uk for reason in template.loss_reasons]
    assert new.chosen == {}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template.name.en)
def test_speaks_both_languages_in_colors_that_differ(template: Template) -> None:
    for language in LANGUAGES:
        names = [stage.name for stage in read(template, language).stages]
        assert len(set(names)) == len(names)
    colors = [template.entry.color, *(stage.color for stage in template.stages)]
    assert all(COLOR.fullmatch(color) for color in colors)
    assert len(set(colors)) == len(colors)
    assert [stage.name for stage in read(template, "en").stages][:2] == ["New requests", "Call"]


def test_leaves_what_is_given() -> None:
    stage = {"name": "Показ", "color": "#1A2B3C"}

    new = read(GOODS, entry={"name": "Нові", "color": "#000000"}, stages=[stage], loss_reasons=["Дорого"])

    assert [stage.name for stage in new.stages] == ["Нові", "Показ", "Успішно реалізовано", "Втрачено"]
    assert new.loss_reasons == ("Дорого",)


async def test_refuses_a_template_that_is_not_there(tx: Transaction) -> None:
    for unknown in (str(ids.new()), "goods"):
        async with refused(tx, InvalidInput) as refusal:
            await funnels.create(tx, NewFunnel.read(BARE | {"template_id": unknown}, "uk"))
        assert [problem.path for problem in refusal.problems] == [("templateId",)]


async def test_null_is_no_template(tx: Transaction) -> None:
    made = await funnels.create(tx, NewFunnel.read(BARE | {"template_id": None}, "uk"))

    assert len((await funnels.stages(tx, [made.id]))[made.id]) == 3
