"""PostgreSQL, Valkey and the supervisor for one machine: `./dev up` and `./dev test`. Not in the image."""
