"""Statuses: written, read, acted upon, with what belongs to them."""
