"""PostgreSQL and the cache: one module per aggregate."""
