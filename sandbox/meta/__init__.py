"""Meta's WhatsApp Cloud API, beside the simulated Wassenger: other paths, other words, the same people."""
