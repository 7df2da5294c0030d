"""What the product is held against: bare Starlette routes, each a few statements of SQL written by hand for it.

They know no GraphQL, no token and no rights but the account; they set the role and the account as the product does,
read under the same policies, and answer the same JSON. Nobody would want to keep such code; nobody could be quicker.
"""
