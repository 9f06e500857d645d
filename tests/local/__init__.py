"""The embedded stack, tested on real processes."""
