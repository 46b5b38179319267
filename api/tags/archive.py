"""The archive of a topic as a file to keep: a ZIP that is sent while it is written. Tertulia's own."""

from contextlib import aclosing

from aiohttp import web

from api.call import Call
from api.endpoints import Access, Endpoint
from api.tags.pages import tag_name
from social.archives import Archive, write_archive


async def get_archive(call: Call) -> web.StreamResponse:
    """Export what is public under a hashtag as ZIP: HTML for people, a line of JSON a post for programs."""
    name = tag_name(call.path("name"))
    viewer_id = call.viewer.id if call.viewer is not None else None
    archive = Archive(name, f"#{name}", viewer_id, call.services.clock())
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/zip",
            "Content-Disposition": 'attachment; filename="archive.zip"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        }
    )
    await response.prepare(call.request)
    try:
        async with aclosing(write_archive(call.database, call.addresses, archive)) as pieces:
            async for piece in pieces:
                await response.write(piece)
        await response.write_eof()
    except ConnectionError:  # whoever asked has gone
        pass
    return response


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/v1/tertulia/tags/{name}/archive.zip",
        get_archive,
        Access.READER,
        "read:statuses",
        limit="archives",
        produces="application/zip",
    ),
)
