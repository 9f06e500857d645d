"""The original design (documents 000 to 004) on Celery and Redis, to compare with; see docs/chaos.md."""
