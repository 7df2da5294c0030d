"""How an operation is executed: compiled once, then level by level.

A document is parsed, validated and measured once and kept by its text (`document.py`, `limits.py`); what an operation
may ask for at once is counted (`cost.py`). What it asks of objects of one type is a selection (`collect.py`); each
becomes one generated function, from a list of sources to a list of dicts (`plan.py`, `codegen.py`). A field is an
attribute of its source or batched: called once for all objects of a level (`fields.py`); a root's function is called
as it is written (`resolvers.py`). Arguments are converted by functions that are made once (`arguments.py`). So for

    { board(funnelId: "…") { seq columns { dealCount deals { nodes { id title stage { name } } } } } }

1. the root's resolver answers with one Board; its function makes `{"seq": 7, "columns": None}`, and `columns` waits;
2. `columns` is called with [board]; eight columns come back and are made dicts at once; `dealCount` and `deals` wait;
3. each of these is called with eight columns; eight connections bring 400 deals, which are 400 dicts after one call of
   one function; `stage` waits;
4. `stage` is called with 400 deals; and nothing waits any more.

Four levels, as many statements as they need, and no coroutine for an object or a field (`levels.py`, `roots.py`).
A field that fails leaves a mark in its place; only if there is one, the answer is walked through at its end, for paths
and for the nulls that go up (`settle.py`).

The same schema runs in graphql-core. What has no plan goes there, counted with its reason (`execute.py`): introspection,
and a condition of `@skip` or `@include` that is null. Tests ask both the same and compare. Errors are shown as
`answers.py` says.
"""
