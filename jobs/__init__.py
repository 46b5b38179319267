"""Leases, back-off and the runner of background work."""
