"""The workflows, on a server that skips time, and their stored histories."""
