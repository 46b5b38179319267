"""Catching up with peers: what came of their logs, what is missing, and what they still have from us."""
