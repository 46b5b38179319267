"""Pages for people and media files."""
