"""How tests do with deals, over the API, what a team does every day."""

from tests.graphql.asking import REFUSED

DEAL = "deal { id version openTaskCount }"
NOTE = "note { id text createdAt author { id } }"
TASK = "task { id title dueAt done doneAt assignee { id } deal { id } }"


def _mutation(name: str, payload: str) -> str:
    capital = name[0].upper() + name[1:]
    return f"""mutation ($input: {capital}Input!) {{ {name}(input: $input) {{ {REFUSED}
        ... on {capital}Payload {{ {payload} }} }} }}"""


MOVE_DEALS = _mutation("moveDeals", "cursor seq deals { id version status stage { name } }")
ARCHIVE_DEALS = _mutation("archiveDeals", "deals { id archived version }")
RESTORE_DEALS = _mutation("restoreDeals", "deals { id archived version stage { name } }")
ADD_NOTE = _mutation("addNote", f"cursor seq {NOTE} {DEAL}")
UPDATE_NOTE = _mutation("updateNote", f"cursor seq {NOTE} {DEAL}")
DELETE_NOTE = _mutation("deleteNote", f"cursor seq noteId {DEAL}")
ADD_TASK = _mutation("addTask", f"cursor seq {TASK} {DEAL}")
UPDATE_TASK = _mutation("updateTask", f"cursor seq {TASK} {DEAL}")
COMPLETE_TASK = _mutation("completeTask", f"cursor seq {TASK} {DEAL}")
HISTORY = """query ($id: ID!, $first: Int, $after: String) { deal(id: $id) { history(first: $first, after: $after) {
    nodes { seq kind actor { kind user { id } } fromStageName toStageName changes { field before after }
        note { text } task { title } }
    edges { cursor node { cursor } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
EVENTS = """query ($id: ID!) { boardEvents(funnelId: $id) { events { __typename cursor seq
    ... on DealMoved { placedAfter deal { id } }
    ... on DealUpdated { changed deal { version openTaskCount } }
    ... on DealArchived { deal { id archived } columns { dealCount } }
    ... on DealRestored { deal { id archived } placedAfter columns { dealCount } } } } }"""
TASKS = """query ($assignees: [ID!], $done: Boolean, $to: DateTime, $first: Int, $after: String) {
    tasks(assigneeIds: $assignees, done: $done, dueTo: $to, first: $first, after: $after) {
        totalCount nodes { title deal { title } } pageInfo { hasNextPage endCursor } } }"""
