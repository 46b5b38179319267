"""Files over HTTP: what our people uploaded, what of other servers they look at, and pictures for who has none.

A file is read by everybody who knows its address, in a closed network too: the key in it is 128 random bits that only
readers of the status have seen (or a signature of ours, `federation.media_addresses`), browsers and apps fetch pictures
without any token, and a peer's people must see them. Every file is served so that it can never be taken for a page or
for a document of ours (case O32): with the type that its bytes had, `nosniff`, in a sandbox.

From a directory aiohttp sends files itself; from a bucket they are passed on in pieces, ranges included, so that the
bucket stays private and every address, header and permission is ours (decision 0010).
"""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

import content
from content.media import SERVING_HEADERS, MediaFile, MediaMissing
from content.storage import StorageFailed
from federation.media_addresses import PREFIX
from federation.remote_media import MediaUnavailable, RemoteMedia
from federation.services import Services
from models.values import dataclass

_FOLDER: Final = Path(content.__file__).parent / "static"
_DEFAULTS: Final = {
    "/avatars/original/missing.png": "avatar.png",
    "/headers/original/missing.png": "header.png",
    "/instance/thumbnail.png": "thumbnail.png",
}
_PROXY_CACHING: Final = {"Cache-Control": "public, max-age=86400"}
_ABSENT: Final = {"Cache-Control": "no-store"}
_AGAIN_SECONDS: Final = "30"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Files:
    """What the handlers of one instance share."""

    services: Services
    remote: RemoteMedia


Handler = Callable[[Files, web.Request], Awaitable[web.StreamResponse]]


def routes(services: Services) -> list[web.RouteDef]:
    """The routes of all files but style sheets."""
    files = Files(services, RemoteMedia(services))
    return [
        web.get("/media/{key}", partial(_answered, files, get_media)),
        web.get(f"{PREFIX}/{{signature}}/{{address}}", partial(_answered, files, get_remote_media)),
        *(web.get(path, _default_picture(_FOLDER / name)) for path, name in _DEFAULTS.items()),
    ]


async def get_media(files: Files, request: web.Request) -> web.StreamResponse:
    """A file of ours."""
    file = await files.services.media.open(request.match_info["key"])
    return await _send(request, file, SERVING_HEADERS)


async def get_remote_media(files: Files, request: web.Request) -> web.StreamResponse:
    """A file of another server, under an address that we gave to somebody."""
    url = files.services.media_addresses.opened(request.match_info["signature"], request.match_info["address"])
    if url is None:
        raise MediaUnavailable(request.path)
    file = await files.remote.find(url)
    return await _send(request, file, {**SERVING_HEADERS, **_PROXY_CACHING})


def _default_picture(path: Path) -> Callable[[web.Request], Awaitable[web.Response]]:
    data = path.read_bytes()

    async def handle(_request: web.Request) -> web.Response:
        headers = {**SERVING_HEADERS, "Cache-Control": "public, max-age=604800"}
        return web.Response(body=data, content_type="image/png", headers=headers)

    return handle


async def _answered(files: Files, handler: Handler, request: web.Request) -> web.StreamResponse:
    try:
        return await handler(files, request)
    except (MediaMissing, MediaUnavailable):
        return web.json_response({"error": "Record not found"}, status=404, headers=_ABSENT)
    except StorageFailed as failed:
        log.warning("files can't be reached", reason=str(failed))
        headers = {**_ABSENT, "Retry-After": _AGAIN_SECONDS}
        return web.json_response({"error": "The files can't be reached just now"}, status=503, headers=headers)


async def _send(request: web.Request, file: MediaFile, headers: dict[str, str]) -> web.StreamResponse:
    if file.path is not None:
        return web.FileResponse(file.path, headers={**headers, "Content-Type": file.media_type})
    return await _pass_on(request, file, headers)


async def _pass_on(request: web.Request, file: MediaFile, headers: dict[str, str]) -> web.StreamResponse:
    """The bytes of a file that isn't here, or the one range of them that was asked for (RFC 9110 §14)."""
    size = file.size_bytes
    response = web.StreamResponse(headers={**headers, "Content-Type": file.media_type, "Accept-Ranges": "bytes"})
    try:
        first, last = _range(request, size)
    except ValueError:
        return web.Response(status=416, headers={**_ABSENT, "Content-Range": f"bytes */{size}"})
    if (first, last) != (0, size):
        response.set_status(206)
        response.headers["Content-Range"] = f"bytes {first}-{last - 1}/{size}"
    response.content_length = last - first
    await response.prepare(request)
    if request.method != "HEAD":
        async for chunk in file.stored.read(first, last - first):
            await response.write(chunk)
    await response.write_eof()
    return response


def _range(request: web.Request, size: int) -> tuple[int, int]:
    """From where to where (exclusive). Raises ValueError for a range that isn't there."""
    asked = request.http_range
    first, last = asked.start, asked.stop
    if first is None and last is None:
        return 0, size
    if first is None or first < 0:
        first, last = max(0, size + (first or 0)), size
    last = size if last is None else min(last, size)
    if first >= last:
        raise ValueError("nothing is there")
    return first, last
