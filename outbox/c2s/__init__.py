"""ActivityPub client to server (§6): what our own people post to their outboxes, type by type."""
