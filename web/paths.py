"""Where to go after a form: a path of our own, never the address of somebody else (an open redirect). Pure."""

from urllib.parse import urlsplit

# A sign-in comes back to requests of applications, which are long.
MAX_CHARACTERS = 8_000


def safe_path(text: str | None, default: str = "/") -> str:
    """`text` when it is a path on this server as browsers understand it, else `default`.

    Browsers drop tabs and line breaks, take `\\` for `/`, and read `//host` as another server.
    """
    if not text or len(text) > MAX_CHARACTERS or not text.startswith("/") or text.startswith("//"):
        return default
    if "\\" in text or not text.isascii() or any(character <= " " or character == "\x7f" for character in text):
        return default
    try:
        parts = urlsplit(text)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else text
