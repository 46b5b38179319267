"""The JSON-LD contexts that Tertulia carries with it, and the URLs under which peers name them.

Contexts are never fetched: a document must mean the same at every moment, whoever controls the context's host. A URL
that isn't listed here counts as an empty context. The files are written from the specifications they belong to.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

AS2_URL = "https://www.w3.org/ns/activitystreams"

_FILE_OF_URL = {
    "www.w3.org/ns/activitystreams": "activitystreams",
    "w3id.org/security/v1": "security-v1",
    "w3id.org/security/v2": "security-v2",
    "w3id.org/security/data-integrity/v1": "data-integrity-v1",
    "w3id.org/security/data-integrity/v2": "data-integrity-v2",
    "w3id.org/security/multikey/v1": "multikey-v1",
    "w3id.org/identity/v1": "identity-v1",
    "www.w3.org/ns/did/v1": "did-v1",
    "www.w3.org/ns/cid/v1": "cid-v1",
    "gotosocial.org/ns": "gotosocial",
    "joinmastodon.org/ns": "joinmastodon",
    "schema.org": "schema-org",
    "join-lemmy.org/context.json": "lemmy",
    "purl.archive.org/socialweb/webfinger": "webfinger",
    "purl.archive.org/miscellany": "miscellany",
    "litepub.social/litepub/context.jsonld": "litepub",
    "funkwhale.audio/ns": "funkwhale",
    "joinbookwyrm.com/ns": "bookwyrm",
    "w3id.org/fep/044f": "fep-044f",
    "w3id.org/fep/171b": "fep-171b",
    "w3id.org/fep/2c59": "webfinger",
    "w3id.org/fep/5711": "fep-5711",
    "w3id.org/fep/5feb": "fep-5feb",
    "w3id.org/fep/7aa9": "fep-7aa9",
    "w3id.org/fep/844e": "fep-844e",
    "w3id.org/fep/ef61": "fep-ef61",
}
_FILE_OF_PATH = {"/contexts": "mbin", "/contexts.jsonld": "mbin"}
"""Paths that name a context of the sender's own host, whichever host that is."""

_HOLDS_AS2 = frozenset({"activitystreams", "litepub", "mbin"})


def bundled_name(url: str) -> str | None:
    """Return the name of the bundled context that `url` stands for, or None when it isn't known.

    `http:`, a trailing `#` and a trailing `/` make no difference: peers write all of them.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("https", "http") or len(url) > 2000:
        return None
    found = _FILE_OF_URL.get(rest.rstrip("#").rstrip("/"))
    return found or _name_by_path(url)


def holds_as2(name: str) -> bool:
    """Whether the bundled context includes ActivityStreams 2.0."""
    return name in _HOLDS_AS2


@cache
def bundled_context(name: str) -> Any:
    """Return the value of `@context` in the bundled file `name`; callers don't change it."""
    return json.loads(files(__name__).joinpath(f"{name}.jsonld").read_text("utf-8"))["@context"]


def _name_by_path(url: str) -> str | None:
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    return "litepub" if path.endswith("/litepub-0.1.jsonld") else _FILE_OF_PATH.get(path)
