"""The style sheet and the icon: read once, addressed by a hash of their content, kept by browsers for a year.

An address with another hash than the present one (an old page, another version during an update) gets the present
file, which nobody keeps.
"""

import hashlib
from pathlib import Path
from typing import Final

from aiohttp import web

from models.values import dataclass

PREFIX: Final = "/static"
_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file with its address."""

    body: bytes
    content_type: str
    digest: str
    url: str


class Statics:
    """Every file of `web/static`, in memory."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._files = {path.name: _read(path) for path in sorted(folder.iterdir()) if path.suffix in _TYPES}

    def url(self, name: str) -> str:
        """The address of a file."""
        return self._files[name].url

    async def serve(self, request: web.Request) -> web.Response:
        """GET /static/{digest}/{name}."""
        found = self._files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        is_present = request.match_info["digest"] == found.digest
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if is_present else "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        }
        charset = "utf-8"
        return web.Response(body=found.body, content_type=found.content_type, charset=charset, headers=headers)


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:16]
    return StaticFile(body, _TYPES[path.suffix], digest, f"{PREFIX}/{digest}/{path.name}")
