"""Tables, sessions and the unit of work: what Tertulia remembers."""
