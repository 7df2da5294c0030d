"""The worker: it does jobs. Celery brings them quickly, a sweeper brings them surely."""
