"""A simulated Wassenger over real HTTP; imports nothing of Relance."""
