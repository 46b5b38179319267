"""Notifications: one by one, in groups, held back, pushed."""
