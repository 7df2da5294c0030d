"""What a filled account's own people may ask of each field of the roots: it is answered, and nothing of it is refused.

A field of the schema that is not here has to be added: tests that walk over the schema fail until it is.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.funnels.templates import SERVICES
from tests.graphql.asking import CONTACT, stage
from tests.graphql.filled import Filled

Good = Mapping[str, Callable[[Filled], dict[str, Any]]]

OF_THE_CRM = frozenset(  # the host's own, no person's
    {"createAccount", "updateAccount", "saveUsers", "setClock", "refundPayment"}
)


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(minutes=5)).isoformat()


INPUTS: Good = {
    "createAccount": lambda it: {"name": "Оселя", "test": True},
    "updateAccount": lambda it: {"id": it.account, "name": "Домівка", "locale": "en"},
    "saveUsers": lambda it: {
        "accountId": it.account,
        "users": [{"id": it.colleague, "name": "Тарас Бойко", "email": "t@example.com", "active": True}],
    },
    "setClock": lambda it: {"accountId": it.account, "now": _soon()},
    "createFunnel": lambda it: {
        "name": "Продаж",
        "viewerIds": [it.person, it.colleague],
        "entry": stage("Нові"),
        "stages": [stage("Огляд", probability=40)],
        "lossReasons": ["Дорого"],
        "templateId": str(SERVICES.id),
    },
    "updateFunnel": lambda it: {"id": it.funnel, "name": "Оренда житла", "viewerIds": [it.person]},
    "archiveFunnel": lambda it: {"id": it.funnel},
    "saveLossReason": lambda it: {"funnelId": it.funnel, "id": it.reason, "name": "Задорого", "requiresNote": True},
    "createStage": lambda it: {"funnelId": it.funnel, "stage": stage("Торг"), "place": {"after": it.own[0]}},
    "updateStage": lambda it: {"id": it.own[0], "name": "Показ", "idleAfterDays": 5},
    "moveStage": lambda it: {"id": it.own[0], "place": {"after": it.own[2]}},
    "deleteStage": lambda it: {"id": it.own[0], "moveDealsTo": it.own[1]},
    "createDeal": lambda it: {
        "funnelId": it.funnel,
        "title": "Склад",
        "contact": CONTACT,
        "assigneeId": it.colleague,
        "amount": {"amount": "5.50", "currency": "EUR"},
        "expectedCloseOn": "2026-05-01",
        "customFields": {"поверх": 3},
    },
    "updateDeal": lambda it: {"id": it.deal, "title": "Маєток", "contact": CONTACT, "assigneeId": it.colleague},
    "moveDeal": lambda it: {"id": it.in_entry, "toStageId": it.own[0], "place": {"after": it.deal}},
    "moveDeals": lambda it: {
        "ids": [it.deal, it.in_entry],
        "toStageId": it.lost,
        "lossReasonId": it.reason,
        "lossNote": "Немає коштів",
    },
    "archiveDeals": lambda it: {"ids": [it.deal, it.beside]},
    "restoreDeals": lambda it: {"ids": [it.archived]},
    "addNote": lambda it: {"dealId": it.deal, "text": "Чекають на відповідь"},
    "updateNote": lambda it: {"id": it.note, "text": "Не дзвонили"},
    "deleteNote": lambda it: {"id": it.note},
    "addTask": lambda it: {"dealId": it.deal, "title": "Показати", "dueAt": _soon(), "assigneeId": it.colleague},
    "updateTask": lambda it: {"id": it.task, "title": "Написати", "assigneeId": it.person},
    "completeTask": lambda it: {"id": it.task},
    "startTrial": lambda it: {"moduleCode": "lead_ads"},
    "createQuote": lambda it: {"items": [{"moduleCode": "lead_ads", "interval": "MONTH"}]},
    "pay": lambda it: {"quoteId": it.money.quote, "provider": "sandbox", "returnUrl": "https://crm.example.com/"},
    "setDefaultPaymentMethod": lambda it: {"id": it.money.methods[-1]},
    "removePaymentMethod": lambda it: {"id": it.money.methods[0]},
    "refundPayment": lambda it: {
        "paymentId": it.money.payment,
        "amount": {"amount": "5.00", "currency": "UAH"},
        "reason": "Прохання",
    },
    "cancelModule": lambda it: {"moduleCode": "sales_funnel", "immediately": False},
    "resumeModule": lambda it: {"moduleCode": "telephony"},
    "changeInterval": lambda it: {"moduleCode": "sales_funnel", "interval": "YEAR"},
    "createSource": lambda it: {"name": "Сайт", "kind": "FORM", "funnelId": it.funnel, "assigneeId": it.person},
    "updateSource": lambda it: {
        "id": it.source,
        "name": "Лендинг",
        "funnelId": it.funnel,
        "assigneeId": it.colleague,
        "mapping": {"title": "name"},
    },
    "replayInbox": lambda it: {"ids": [it.item]},
    "cancelImport": lambda it: {"id": it.queued},
}
VARIABLES: Good = {
    "viewer": lambda it: {},
    "node": lambda it: {"id": it.deal},
    "nodes": lambda it: {"ids": [it.deal, it.note]},
    "users": lambda it: {"search": "т"},
    "funnels": lambda it: {"filter": {"archived": None}},
    "funnel": lambda it: {"id": it.funnel},
    "funnelTemplates": lambda it: {},
    "board": lambda it: {"funnelId": it.funnel},
    "boardEvents": lambda it: {"funnelId": it.funnel},
    "pastBoard": lambda it: {"funnelId": it.funnel, "at": "2100-01-01T00:00:00Z"},
    "deal": lambda it: {"id": it.deal},
    "deals": lambda it: {"filter": {"archived": None}},
    "tasks": lambda it: {},
    "sources": lambda it: {},
    "inbox": lambda it: {},
    "previewSource": lambda it: {"id": it.source, "payload": '{"name": "Lead", "phone": "0501112233"}'},
    "imports": lambda it: {},
    "import": lambda it: {"id": it.read},
    "billing": lambda it: {},
    "quote": lambda it: {"id": it.money.quote},
    "payment": lambda it: {"id": it.money.payment},
    "boardChanged": lambda it: {"funnelId": it.funnel},
    "billingChanged": lambda it: {},
    "importChanged": lambda it: {"id": it.read},
}


def given(name: str, it: Filled) -> dict[str, Any]:
    """The variables of that field's document."""
    return {"input": INPUTS[name](it)} if name in INPUTS else VARIABLES[name](it)
