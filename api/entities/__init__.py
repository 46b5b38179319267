"""What clients get: one plain function an entity of the Mastodon API, from rows to JSON."""
