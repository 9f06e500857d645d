"""The sandbox, as a process of its own, over real HTTP."""
