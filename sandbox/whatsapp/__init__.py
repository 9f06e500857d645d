"""The network behind the API: devices, queues, messages under way, and the people with the phones."""
