"""Activities, on the real stack."""
