"""What names mean: one name, one meaning, in whatever type it stands. A field that means more says so itself."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
)

Values = TypeVar("Values", bound=type[Enum])

NEW_ID = "A UUID that the client chooses; one that is taken in the account: InvalidInput. Absent: one is made."

ANSWERED = {
    "account": "The account as it is now.",
    "actor": "Who did it.",
    "at": "When it happened.",
    "color": 'How people see it: "#RRGGBB".',
    "columns": "What stands in each stage that it touched, as of this event.",
    "contact": "Whom it is with.",
    "createdAt": "When it was made.",
    "cursor": "The place in the funnel's log: `boardChanged(after:)` and `boardEvents(after:)` go on from it.",
    "customFields": "What integrators keep with a deal: a JSON object, `{}` when there is nothing.",
    "deal": "The deal as it is now.",
    "deals": "In the order of their ids in the input.",
    "edges": "Each thing of the page with its place in the list.",
    "email": "An e-mail address; null: none is known.",
    "expectedCloseOn": "The day on which it should be won; null: nobody has said.",
    "funnel": "The funnel as it is now.",
    "invoice": "What it is for.",
    "lossNote": "What was written when it was lost; null: nothing, or it is not lost.",
    "lossReason": "The loss reason as it is now.",
    "module": "Which part of the product it is.",
    "name": "What people call it.",
    "node": "The thing itself.",
    "nodes": "The things of the page without their places.",
    "pageInfo": "Whether there is more, and from where.",
    "paymentMethods": "Saved ways to pay, the default one among them.",
    "phone": "In E.164, such as +380501234567; null: none is known.",
    "provider": "The payment provider's code, as in `Billing.providers`.",
    "seq": "The number of that place: 1, 2, 3 … within a funnel, without gaps.",
    "stage": "The stage as it is now.",
    "task": "The task as it is now.",
    "title": "In a few words, for people.",
    "updatedAt": "When it was changed last.",
}

GIVEN = {
    "accountId": "Of the account; NotFound when there is none.",
    "assigneeId": "An active user of the account; anyone else: InvalidInput.",
    "color": 'As "#RRGGBB"; anything else: InvalidInput.',
    "dealId": "Of a deal of a funnel that the viewer sees; any other: NotFound.",
    "email": "An e-mail address; null: none.",
    "expectedCloseOn": "The day on which it should be won; null: nobody knows.",
    "funnelId": "Of a funnel that the viewer sees and that is not archived; any other: NotFound.",
    "id": "Of what is to be changed. Not there, or not the viewer's: NotFound.",
    "idempotencyKey": "1 to 200 characters. The same key with the same input does nothing twice; with another input:"
    " IdempotencyConflict.",
    "interval": "For how long to pay at once.",
    "lossNote": "1 to 10,000 characters; kept only with a loss. Missing where the reason requires it:"
    " LossReasonRequired.",
    "moduleCode": "As in the catalog, such as sales_funnel; an unknown one: NotFound.",
    "name": "1 to 200 characters.",
    "phone": "E.164, or the national form of the account's country; null: none.",
    "text": "1 to 10,000 characters.",
    "title": "1 to 200 characters.",
    "toStageId": "A stage of the deal's funnel; anything else: StageNotInFunnel.",
}

ASKED = {
    "after": "`endCursor` of the page before; absent: from the beginning.",
    "asOf": "After the event with this cursor. Give exactly one of `at` and `asOf`.",
    "assigneeIds": "Only what one of these users is to do; absent: whoever is to do it.",
    "at": "At this moment. Give exactly one of `at` and `asOf`.",
    "done": "true: only what is done; false: only what is not; absent: both.",
    "dueTo": "Only what is due then or earlier; what is due at no certain time is left out.",
    "filter": "Which ones; absent: all but the archived.",
    "first": "How many at most: 1 to 200.",
    "from": "The first day.",
    "funnelId": "Of a funnel that the viewer sees.",
    "id": "A UUID; what is no UUID is the id of nothing.",
    "ids": "At most 200; null stands in the place of what is not there.",
    "input": "What to do, with its idempotency key.",
    "orderBy": "Absent: the newest first.",
    "payload": "A body as its service would post it.",
    "search": "Words, or parts of them, in whatever case and with whatever accents; absent: everybody.",
    "stageIds": "Only these of its stages; absent: all.",
    "to": "The last day, itself included.",
}


def describe_enum(values: Values, description: str, **meanings: str) -> Values:
    """Make an enum known to GraphQL, with what it is and what each of its values means."""
    strawberry.enum(values, description=description)
    shown: Any = values
    for value in shown.__strawberry_definition__.values:
        value.description = meanings[value.name]
    return values


def explain(schema: GraphQLSchema) -> None:
    """Give every name that says nothing of its own what it means everywhere."""
    for type in schema.type_map.values():
        if isinstance(type, GraphQLInputObjectType):
            _explain_each(type.fields, GIVEN)
        elif isinstance(type, GraphQLObjectType | GraphQLInterfaceType) and not type.name.startswith("__"):
            _explain_each(type.fields, ANSWERED)
            for field in type.fields.values():
                _explain_each(field.args, ASKED)
        elif isinstance(type, GraphQLUnionType):
            mutation = type.name[0].lower() + type.name[1:].removesuffix("Result")
            type.description = type.description or f"What `{mutation}` answers: what was done, or why nothing was."


def _explain_each(things: Mapping[str, Any], words: Mapping[str, str]) -> None:
    for name, thing in things.items():
        thing.description = thing.description or words.get(name)
