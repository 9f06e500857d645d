"""The embedded stack: every server on one machine, started and supervised."""
