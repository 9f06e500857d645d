"""Pure types and rules of the campaign: no I/O, no framework."""
