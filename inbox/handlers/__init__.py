"""One module an activity type."""
