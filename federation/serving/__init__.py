"""What others read of us: collections, objects and discovery, and who may read them."""
