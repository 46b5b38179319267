"""What other servers tell us: receiving, and one handler an activity type."""
