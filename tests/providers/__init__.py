"""The gateways, against real sockets and the provider's real shapes."""
