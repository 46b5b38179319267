"""The HTTP request as the signature floor sees it: plain text of the wire, without any HTTP library.

Promises one reading of a message: field names are compared without case, lines keep their order and their number,
values lose only surrounding blanks (RFC 9110 §5.5). `authority` and `scheme` are what *we* are reached under, a matter
of configuration: behind a proxy they must not come from a header that strangers can set.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Final

from models.values import dataclass

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
# Origin-form (RFC 9112 §3.2.1) in visible ASCII, without a fragment: nothing that could break out of a signed line.
_ORIGIN_FORM: Final = re.compile(r"/[!-\"$-~]*")
_METHOD: Final = re.compile(r"[A-Z]{1,32}")


@dataclass(slots=True)
class HttpMessage:
    """A request: `target` is the raw path with its query as on the wire, `headers` keeps order and duplicates.

    `fields` are lower-case field names with their lines, in wire order, blanks around values removed.
    """

    method: str
    scheme: str
    authority: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes = b""
    fields: Mapping[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        fields: dict[str, list[str]] = {}
        for name, value in self.headers:
            fields.setdefault(name.lower(), []).append(value.strip(" \t"))
        self.fields = fields

    @property
    def normal_authority(self) -> str:
        """The authority in lower case, without the scheme's default port (RFC 9421 §2.2.3)."""
        return normal_authority(self.scheme, self.authority)

    @property
    def url(self) -> str:
        """The target URI (RFC 9421 §2.2.2)."""
        return f"{self.scheme}://{self.normal_authority}{self.target}"

    @property
    def path(self) -> str:
        """The path as on the wire."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query with its question mark; a lone "?" when there is none (RFC 9421 §2.2.7)."""
        return "?" + self.target.partition("?")[2]

    @property
    def is_well_formed(self) -> bool:
        """Whether method and target have the form of a request to an origin server."""
        return _is_well_formed(self.method, self.target)


@lru_cache(maxsize=16)  # asked for the key id of a request, too, before it is judged
def _is_well_formed(method: str, target: str) -> bool:
    return _METHOD.fullmatch(method) is not None and _ORIGIN_FORM.fullmatch(target) is not None


@lru_cache(maxsize=64)
def normal_authority(scheme: str, authority: str) -> str:
    """`authority` in lower case, without the default port of `scheme`."""
    return authority.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ":"))
