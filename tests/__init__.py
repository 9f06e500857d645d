"""The tests, mirroring the tree above."""
