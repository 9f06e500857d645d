"""Nothing lost, nothing twice: a run under seeded faults, its history, and the checker that judges it."""
