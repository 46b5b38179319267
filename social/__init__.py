"""The only code that changes the social graph: statuses, follows, interactions, feeds, notifications."""
