"""Storage, on real PostgreSQL."""
