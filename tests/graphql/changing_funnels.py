"""How tests change funnels and their parts over the API."""

from tests.graphql.asking import REFUSED

FUNNEL = "funnel { id name version archived viewers { name } stages { id kind name } lossReasons { id name } }"
STAGE = "stage { id kind name color probability idleAfterDays requiresAmount }"
MODULE = "... on ModuleInactive { module { code } }"


def _mutation(name: str, *payload: str, refusals: str = "") -> str:
    capital = name[0].upper() + name[1:]
    return f"""mutation ($input: {capital}Input!) {{ {name}(input: $input) {{ {REFUSED} {MODULE} {refusals}
        ... on {capital}Payload {{ {" ".join((FUNNEL, *payload))} }} }} }}"""


UPDATE_FUNNEL = _mutation("updateFunnel", "cursor seq", refusals=f"... on StaleFunnel {{ {FUNNEL} }}")
ARCHIVE_FUNNEL = _mutation("archiveFunnel")
CREATE_STAGE = _mutation("createStage", STAGE, "cursor seq")
UPDATE_STAGE = _mutation("updateStage", STAGE, "cursor seq")
MOVE_STAGE = _mutation("moveStage", "cursor seq", refusals="... on NotAllowedNow { reason }")
DELETE_STAGE = _mutation(
    "deleteStage",
    "cursor seq",
    refusals="... on NotAllowedNow { reason } ... on StageNotEmpty { dealCount } ... on AmountRequired { stage { id name } }",
)
SAVE_LOSS_REASON = _mutation("saveLossReason", "lossReason { id name requiresNote archived }", "cursor seq")
EVENTS = """query ($id: ID!) { boardEvents(funnelId: $id) { cursor seq events { __typename seq
    ... on FunnelChanged { changed funnel { id } }
    ... on DealMoved { placedAfter fromStage { name } toStage { name } deal { title } columns { dealCount } } } } }"""
TEMPLATES = """{ funnelTemplates { id name entry { name color } stages { name color } lossReasons } }"""
FUNNELS = """query ($filter: FunnelFilter, $first: Int = 50, $after: String) {
    funnels(filter: $filter, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
        nodes { name dealCount openValue { amount currency } } } }"""
