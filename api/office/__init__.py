"""The office itself: what it is, announces, offers, and what it talks about."""
