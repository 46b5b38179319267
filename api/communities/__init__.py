"""Communities: what they are, their people, their posts, and what is done about them."""
