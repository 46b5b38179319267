"""Key pairs, digests, HTTP signatures and proofs: who says it."""
