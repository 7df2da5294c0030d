"""All that an API process imports, but the application itself, which reads its settings as it is imported.

The process that others are forked from imports this. What is frozen here no collector of theirs looks at, or copies.
"""

import gc
from importlib import import_module

for name in (
    "httptools",
    "uvloop",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "services.graphql.http",
    "services.graphql.live.socket",
    "services.graphql.schema",
):
    import_module(name)

gc.collect()
gc.freeze()
