"""Timelines, and what arranges them: lists, conversations, markers."""
