"""The processes: the GraphQL edge, the worker, and what runs them on one machine."""
