"""What the documentation says is so: its commands, settings, routes and queries exist, its examples run."""
