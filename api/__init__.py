"""The REST API and the webhook receiver."""
