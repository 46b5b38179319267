"""Accounts: read, related to, changed by their owners, moved."""
