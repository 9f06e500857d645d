"""What the account's webhooks are told, in which shape, and how it gets there."""
