"""How long a list of the schema may be that is no page and not asked for by ids: by it an operation's cost is counted.

A list that comes with what holds it, and costs nobody a query, costs nothing (0): amounts by currency, what an event
changed. Deals of an imported batch come with it too, up to 500; most events hold none, so a batch counts as 50.
"""

STAGES = 53  # 50 of one's own, the entry, won and lost
REASONS = 100
VIEWERS = 200
TASKS = 200  # of a deal: at most 100 open ones, then done ones
BATCH = 50
MODULES = 20  # also at once in a quote, so lines of an invoice
SOURCES = 20
FEW = 10

BOUNDS = {
    "BoardColumn.value": 0,
    "ColumnTotals.value": 0,
    "Funnel.openValue": 0,
    "FunnelAnalytics.forecast": 0,
    "FunnelAnalytics.wonValue": 0,
    "LossReasonCount.value": 0,
    "PastColumn.value": 0,
    "Stage.value": 0,
    "DealArchived.columns": 0,
    "DealCreated.columns": 0,
    "DealMoved.columns": 0,
    "DealRestored.columns": 0,
    "DealUpdated.columns": 0,
    "DealsImported.columns": 0,
    "DealHistoryItem.changes": 0,
    "InvalidInput.fields": 0,
    "Module.prices": 0,
    "Board.columns": STAGES,
    "Funnel.stages": STAGES,
    "FunnelAnalytics.stages": STAGES,
    "PastBoard.columns": STAGES,
    "Funnel.lossReasons": REASONS,
    "FunnelAnalytics.lossReasons": REASONS,
    "LossReasonRequired.lossReasons": REASONS,
    "Funnel.viewers": VIEWERS,
    "Deal.tasks": TASKS,
    "DealsImported.deals": BATCH,
    "Billing.catalog": MODULES,
    "Billing.modules": MODULES,
    "Invoice.lines": MODULES,
    "PayPayload.modules": MODULES,
    "Quote.lines": MODULES,
    "Query.sources": SOURCES,
    "Billing.paymentMethods": FEW,
    "Billing.providers": FEW,
    "FunnelAnalytics.sources": FEW,
    "FunnelTemplate.stages": FEW,
    "Invoice.creditNotes": FEW,
    "Invoice.payments": FEW,
    "Query.funnelTemplates": FEW,
    "RemovePaymentMethodPayload.paymentMethods": FEW,
    "SetDefaultPaymentMethodPayload.paymentMethods": FEW,
}
