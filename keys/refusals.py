"""Why a signature was refused: one enum of reasons and the one exception of HTTP signature verification."""

from enum import StrEnum


class Refusal(StrEnum):
    """The slugs of `SignatureRefused.reason`. None of them says anything that the sender doesn't know."""

    MISSING = "missing"  # no signature at all
    MALFORMED = "malformed"  # headers that can't be read, or that contradict each other
    TOO_LARGE = "too-large"  # signature headers over 8 KiB, or too many signatures
    WEAK = "weak"  # the signature doesn't cover what it must
    ALGORITHM = "algorithm"  # unknown, or not one of this key
    EXPIRED = "expired"  # too old, past its `expires`, or meant to live longer than 12 h
    NOT_YET = "not-yet"  # made in the future
    DIGEST = "digest"  # digest header missing, weak, malformed or of another body
    HOST = "host"  # meant for another server
    UNKNOWN_KEY = "unknown-key"  # nobody could find the key
    WRONG = "wrong"  # the key did not make this signature: look whether it was rotated


class SignatureRefused(Exception):
    """The request is not authentic. `detail` is a sentence that may be shown, `key_id` the key it named, if any."""

    def __init__(self, reason: Refusal, detail: str, key_id: str | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.key_id = key_id
