"""The HTTP side: Wassenger's `/v1` and the `/control` of tests."""
