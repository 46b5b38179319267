"""Which of our languages somebody reads: theirs when we know it, else the browser's (RFC 9110 §12.5.4)."""

from web.texts import DEFAULT_LANGUAGE, LANGUAGES

_MAX_HEADER = 500


def accepted_language(header: str | None) -> str:
    """The language of ours that an Accept-Language header likes best; English when it likes none."""
    best, best_quality = DEFAULT_LANGUAGE, 0.0
    for part in (header or "")[:_MAX_HEADER].split(","):
        tag, _, parameters = part.partition(";")
        language = known_language(tag)
        quality = _quality(parameters)
        if language is not None and quality > best_quality:
            best, best_quality = language, quality
    return best


def known_language(tag: str | None) -> str | None:
    """`es` for `es-MX`; None for a language that we don't speak."""
    primary = (tag or "").strip().lower().replace("_", "-").partition("-")[0]
    return primary if primary in LANGUAGES else None


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
