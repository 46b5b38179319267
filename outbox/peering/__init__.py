"""Being peers: what administrators decide, what the other side's letters cause, and what is sent again."""
