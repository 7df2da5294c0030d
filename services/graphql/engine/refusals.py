"""Why a request is not executed."""

from graphql import GraphQLError


class RequestError(Exception):
    """A request that is not executed: there is no `data` in its answer. `cost`: what it would cost, if that is why."""

    def __init__(self, code: str, *errors: GraphQLError, cost: int | None = None) -> None:
        super().__init__(errors[0].message)
        self.code, self.errors, self.cost = code, errors, cost
