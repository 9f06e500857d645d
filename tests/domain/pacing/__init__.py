"""The rules of pacing, one by one and together on simulated clocks."""
