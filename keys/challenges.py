"""`Accept-Signature` (RFC 9421 §5): which signature a server asks for, read from its answer or written into ours.

Pure: whether a nonce was issued, to whom and how long ago is for the caller who issued it to know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import http_sf

_MAX_CHARACTERS: Final = 8192
_MAX_CHALLENGES: Final = 4
# What `sign_request` can cover. A challenge that asks for more can't be met, and half of it is no answer (§5.2).
ANSWERABLE_COMPONENTS: Final[frozenset[str]] = frozenset(
    {
        "@method", "@target-uri", "@authority", "@scheme", "@path", "@query", "@request-target",
        "accept", "content-digest", "content-type", "date", "host",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Challenge:
    """One signature that is asked for: what it must cover and which parameters it must carry."""

    label: str
    components: tuple[str, ...]
    nonce: str | None = None
    tag: str | None = None
    key_id: str | None = None
    algorithm: str | None = None
    wants_expires: bool = False


def requested_components(accept_signature: str) -> list[Challenge]:
    """The challenges of an Accept-Signature header that `sign_request` could answer, in order.

    Empty when the header can't be read, is too long, or asks only for what we can't cover.
    """
    if len(accept_signature) > _MAX_CHARACTERS:
        return []
    try:
        members: Any = http_sf.parse(accept_signature.encode("ascii"), tltype="dictionary")
    except ValueError:
        return []
    challenges = (_read_challenge(label, member) for label, member in list(members.items())[:_MAX_CHALLENGES])
    return [challenge for challenge in challenges if challenge is not None]


def accept_signature_header(components: Sequence[str], *, nonce: str | None = None, label: str = "sig1") -> str:
    """The header value that asks for a signature over these components, with `created`, a key id and this nonce."""
    parameters: dict[str, Any] = {"created": True, "keyid": True}
    if nonce is not None:
        parameters["nonce"] = nonce
    items: Any = ([(name, {}) for name in components], parameters)
    return http_sf.ser({label: items})


def _read_challenge(label: str, member: Any) -> Challenge | None:
    components, parameters = member
    if not isinstance(components, list) or any(entries or not isinstance(name, str) for name, entries in components):
        return None
    names = tuple(dict.fromkeys(name for name, _ in components))
    texts = {name: parameters.get(name) for name in ("nonce", "tag", "keyid", "alg")}
    # keyid may stand without a value: "name whichever key you use".
    texts = {name: None if value is True else value for name, value in texts.items()}
    if not set(names) <= ANSWERABLE_COMPONENTS or any(not isinstance(v, str | None) for v in texts.values()):
        return None
    return Challenge(
        label, names, texts["nonce"], texts["tag"], texts["keyid"], texts["alg"], parameters.get("expires") is True
    )
