"""What has an id."""

import strawberry


@strawberry.interface(description="Whatever has an id: a client may keep it by that.")
class Node:
    id: strawberry.ID = strawberry.field(description="A UUID. It never changes, and nothing else has it.")
