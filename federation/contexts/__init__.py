"""Bundled JSON-LD contexts: no context is ever fetched."""
