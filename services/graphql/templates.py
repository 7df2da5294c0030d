"""Funnels to begin with."""

from typing import Self

import strawberry

from services.graphql.accounts import Info
from services.graphql.roots import query
from services.graphql.scalars import Color, node_id
from shared import funnels


@strawberry.type(description="A stage as a funnel of the template begins with it.")
class TemplateStage:
    name: str
    color: Color

    @classmethod
    def of(cls, stage: funnels.TemplateStage, language: str) -> Self:
        return cls(name=stage.name.to(language), color=Color(stage.color))


@strawberry.type(description="What a new funnel may begin as, in the viewer's language.")
class FunnelTemplate:
    id: strawberry.ID = strawberry.field(description="For `templateId` of createFunnel.")
    name: str
    entry: TemplateStage = strawberry.field(description="Where every deal begins.")
    stages: list[TemplateStage] = strawberry.field(description="The own stages, between the entry and won.")
    loss_reasons: list[str] = strawberry.field(description="What they are called.")

    @classmethod
    def of(cls, template: funnels.Template, language: str) -> Self:
        return cls(
            id=node_id(template.id),
            name=template.name.to(language),
            entry=TemplateStage.of(template.entry, language),
            stages=[TemplateStage.of(stage, language) for stage in template.stages],
            loss_reasons=[reason.to(language) for reason in template.loss_reasons],
        )


@strawberry.type
class TemplatesQuery:
    @query("For those who sell services, and those who sell goods.")
    async def funnel_templates(self, info: Info) -> list[FunnelTemplate]:
        info.context.viewer.require_account()
        return [FunnelTemplate.of(template, info.context.language) for template in funnels.TEMPLATES.values()]
