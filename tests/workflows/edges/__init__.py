"""The edges of every workflow, on a server that skips time and on a real one."""
