"""The benchmark: a running instance, driven from outside as peers and clients drive it. `python -m bench`."""
