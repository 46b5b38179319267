"""Groups and topics: actors that are not people."""
