"""Refusals as the contract shows them. A new one: its type, a line in its feature's `REFUSALS`, a member of its unions.

Each is made from the domain's refusal by `Refusal`: what both have a name for is copied.
"""

import dataclasses
from typing import Any, Self
from uuid import UUID

import strawberry
from strawberry.types.field import StrawberryField

from services.graphql.context import Context
from services.graphql.rights import Permission
from shared import errors
from shared.errors import DomainError


@strawberry.interface(description="Why something was not done. Clients keep `... on Error`: there may be new ones.")
class Error:
    message: str = strawberry.field(description="A sentence for people, in the viewer's language.")
    code: str = strawberry.field(description="For programs: the type's name in capitals.")

    @classmethod
    def of(cls, refusal: DomainError, language: str) -> Self:
        """With every attribute that the refusal has by the same name."""
        shown: dict[str, Any] = {"message": refusal.sentence.to(language), "code": refusal.code}
        for field in dataclasses.fields(cls):
            if field.init and field.name not in shown and hasattr(refusal, field.name):
                value = getattr(refusal, field.name)
                graphql_type = isinstance(field, StrawberryField)
                shown[field.name] = str(value) if graphql_type and isinstance(value, UUID) else value
        return cls(**shown)


@strawberry.type(description="What is acted on is not there, or not the viewer's.")
class NotFound(Error):
    id: strawberry.ID | None = strawberry.field(
        description="Of what is missing: the first of several; null: what is missing has no id."
    )


@strawberry.type(description="The right is missing.")
class Forbidden(Error):
    permission: Permission | None = strawberry.field(description="The right that is needed; null: no right would help.")


@strawberry.type(description="What is wrong with one input.")
class FieldProblem:
    path: list[str] = strawberry.field(description='Inside the input: ["stages", "1", "color"].')
    message: str = strawberry.field(
        description="What is wrong, and how it should be: a sentence for people, in the viewer's language."
    )


@strawberry.type(description="Some of what was given cannot be taken as it is.")
class InvalidInput(Error):
    fields: list[FieldProblem] = strawberry.field(
        description="Every problem of form at once; of what is only named, the first."
    )

    @classmethod
    def of(cls, refusal: DomainError, language: str) -> Self:
        assert isinstance(refusal, errors.InvalidInput)
        problems = [
            FieldProblem(path=list(problem.path), message=problem.sentence.to(language)) for problem in refusal.problems
        ]
        return cls(message=refusal.sentence.to(language), code=refusal.code, fields=problems)


@strawberry.type(description="The idempotency key was already used with another input.")
class IdempotencyConflict(Error):
    pass


@strawberry.type(description="A state forbids it.")
class NotAllowedNow(Error):
    reason: str = strawberry.field(description="For programs, in capitals.")


class Refusal:
    """Turns a domain's refusal into its GraphQL type where the field's union has that type (Strawberry's handler)."""

    def __init__(self, refusal: type[DomainError], shown_as: type[Error]) -> None:
        self.exception_type = refusal
        self.error_type = shown_as

    def handle(self, exception: Any, *, field: StrawberryField, info: strawberry.Info[Context, None]) -> Error:  # noqa: ARG002  # by name
        return self.error_type.of(exception, info.context.language)


REFUSALS = [
    Refusal(errors.NotFound, NotFound),
    Refusal(errors.Forbidden, Forbidden),
    Refusal(errors.InvalidInput, InvalidInput),
    Refusal(errors.IdempotencyConflict, IdempotencyConflict),
    Refusal(errors.NotAllowedNow, NotAllowedNow),
]
