"""Filters of the viewer, in both versions."""
