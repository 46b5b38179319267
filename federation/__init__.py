"""The wire: JSON-LD, documents, the signed client, discovery and peers."""
