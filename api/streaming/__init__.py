"""Events as they happen, over WebSocket and server-sent events."""
