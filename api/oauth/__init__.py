"""OAuth 2 for clients: registration, tokens, revocation, metadata. The consent page is in `web`."""
