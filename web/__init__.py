"""Pages for people: plain HTML, rendered here, for browsers without any script."""
