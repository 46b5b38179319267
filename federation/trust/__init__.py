"""Who says it, and whether to believe it: keys, signatures, proofs and origins."""
