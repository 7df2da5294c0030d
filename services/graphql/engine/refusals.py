"""Why a request is not executed."""

from graphql import GraphQLError


class RequestError(Exception):
    """A request that is not executed: there is no `data` in its answer."""

    def __init__(self, code: str, *errors: GraphQLError) -> None:
        super().__init__(errors[0].message)
        self.code, self.errors = code, errors
