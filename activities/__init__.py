"""The side effects that workflows call."""
