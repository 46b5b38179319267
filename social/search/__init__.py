"""Full-text search over statuses: the index (`index`, `refill`), what people type (`query`), and finding (`find`)."""
