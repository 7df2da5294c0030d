"""What has an id."""

import strawberry


@strawberry.interface(description="Whatever has an id: a client may keep it by that.")
class Node:
    id: strawberry.ID
