"""HTML and media: what people write, made safe to show."""
