"""The client API."""
