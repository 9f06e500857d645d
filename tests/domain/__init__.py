"""The rules of the domain, without any server."""
