"""Hashtags: single, followed, featured."""
