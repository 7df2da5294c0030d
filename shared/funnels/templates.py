"""Funnels to begin with: what those who sell services and those who sell goods go through with a deal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.errors import Sentence


@dataclass(frozen=True, slots=True)
class TemplateStage:
    name: Sentence
    color: str

    def to_given(self, language: str) -> dict[str, Any]:
        return {"name": self.name.to(language), "color": self.color}


@dataclass(frozen=True, slots=True)
class Template:
    """Ids never change: clients keep them."""

    id: UUID
    name: Sentence
    entry: TemplateStage
    stages: tuple[TemplateStage, ...]
    loss_reasons: tuple[Sentence, ...]

    def filled(self, given: Mapping[str, Any], language: str) -> dict[str, Any]:
        """What a client wrote of a new funnel, and what it left out as the template has it."""
        return {
            **given,
            "entry": given.get("entry") or self.entry.to_given(language),
            "stages": given["stages"] or [stage.to_given(language) for stage in self.stages],
            "loss_reasons": given["loss_reasons"] or [reason.to(language) for reason in self.loss_reasons],
        }


ENTRY = TemplateStage(Sentence("New requests", "Не опрацьовані звернення"), "#64748B")
OTHER_REASON = Sentence("Other", "Інше")
EXPENSIVE = Sentence("Too expensive", "Дорого")

SERVICES = Template(
    UUID("01990000-0000-7000-8000-00000000a001"),
    Sentence("Services", "Послуги"),
    ENTRY,
    (
        TemplateStage(Sentence("Call", "Зідзвін"), "#0EA5E9"),
        TemplateStage(Sentence("Presentation", "Презентація"), "#6366F1"),
        TemplateStage(Sentence("Contract agreed", "Погодження договору"), "#A855F7"),
        TemplateStage(Sentence("Contract signed", "Підписання договору"), "#EC4899"),
        TemplateStage(Sentence("Payment", "Оплата"), "#F59E0B"),
    ),
    (
        EXPENSIVE,
        Sentence("Chose somebody else", "Обрали інших"),
        Sentence("Does not answer", "Не виходить на зв'язок"),
        Sentence("Changed their mind", "Передумали"),
        OTHER_REASON,
    ),
)
GOODS = Template(
    UUID("01990000-0000-7000-8000-00000000a002"),
    Sentence("Goods", "Товари"),
    ENTRY,
    (
        TemplateStage(Sentence("Call", "Зідзвін"), "#06B6D4"),
        TemplateStage(Sentence("Payment confirmed", "Підтвердження платежу"), "#8B5CF6"),
        TemplateStage(Sentence("Shipment prepared", "Оформлення відправлення"), "#F97316"),
        TemplateStage(Sentence("On the way", "В дорозі"), "#EAB308"),
        TemplateStage(Sentence("Shipment received", "Відправлення отримано"), "#84CC16"),
    ),
    (
        EXPENSIVE,
        Sentence("Out of stock", "Немає в наявності"),
        Sentence("Delivery takes too long", "Довго чекати на доставку"),
        Sentence("Parcel was not collected", "Не забрали посилку"),
        OTHER_REASON,
    ),
)
TEMPLATES: Mapping[UUID, Template] = {template.id: template for template in (SERVICES, GOODS)}
