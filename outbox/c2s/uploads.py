"""Files that people upload before they attach them: an Attachment without a status, and the object that stands for it.

An upload belongs to who uploaded it, and is attached to one status of theirs. What is attached must have come this way:
a client can't make us show, or vouch for, a file on another server.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import or_, select

from content.media import StoredMedia
from federation.documents import contexts as emitted_contexts
from federation.json_ld import DocumentRefused, JsonObject, normalise, parse_document
from federation.parse.media import MAX_ATTACHMENTS, attachment, first_url
from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.addresses import LocalAddresses
from models.statuses import Attachment
from outbox.c2s.refusals import malformed, unknown
from social.uploads import READY, upload_row

_SHELL_TYPES: Final = frozenset({"Image", "Video", "Audio", "Document"})
_SHELL_KEYS: Final = frozenset({"type", "types", "name", "nameMap", "summary", "summaryMap", "focalPoint", "id", "url"})
_TYPES: Final = {"image": "Image", "video": "Video", "audio": "Audio"}


def read_shell(body: bytes) -> JsonObject:
    """The `object` of an upload, which describes the file. Raises ClientRefused and DocumentRefused."""
    shell = normalise(parse_document(body)) if body.strip() else {}
    if shell.get("type", "Document") not in _SHELL_TYPES or shell.keys() - _SHELL_KEYS - {"attributedTo", "mediaType"}:
        raise malformed("An upload is an Image, Video, Audio or Document with a name and perhaps a focalPoint.")
    return shell


async def keep_upload(services: Services, owner: Account, stored: StoredMedia, shell: JsonObject) -> Attachment:
    """Remember a file that the media store has taken."""
    async with services.database.unit_of_work() as unit:
        upload = upload_row(unit, owner, stored)
        _describe(upload, shell)
        unit.session.add(upload)
    return upload


async def find_upload(services: Services, owner: Account, upload_id: int) -> Attachment:
    """An upload of the owner's. Raises ClientRefused."""
    async with services.database.reading() as session:
        upload = await session.get(Attachment, upload_id)
    if upload is None or upload.account_id != owner.id or upload.storage_key is None:
        raise unknown("This upload")
    return upload


def upload_uri(owner: Account, upload: Attachment) -> str:
    """The id of the object that stands for an upload; its owner can read it."""
    return f"{owner.uri}/media/{upload.id}"


def upload_document(owner: Account, upload: Attachment, addresses: LocalAddresses) -> JsonObject:
    """An upload as its owner gets it back, ready to be attached."""
    document: JsonObject = {
        "@context": emitted_contexts.STATUS,
        "id": upload_uri(owner, upload),
        "type": _TYPES.get(upload.media_type.partition("/")[0], "Document"),
        "attributedTo": owner.uri,
        "mediaType": upload.media_type,
        "url": addresses.media(upload.storage_key or ""),
    }
    for name, value in (
        ("name", upload.description),
        ("blurhash", upload.blurhash),
        ("width", upload.width),
        ("height", upload.height),
        ("focalPoint", upload.focal_point),
    ):
        if value is not None:
            document[name] = value
    return document


async def own_uploads(
    unit: UnitOfWork, owner: Account, nodes: Sequence[JsonObject], *, status_id: int | None = None
) -> list[Attachment]:
    """The owner's uploads behind what a client attaches, by id or by address, in its order; names are taken over.

    They belong to no status yet, or to `status_id`. One query. Raises ClientRefused.
    """
    if len(nodes) > MAX_ATTACHMENTS:
        raise malformed(f"A post may have {MAX_ATTACHMENTS} attachments at most.")
    if not nodes:
        return []
    named = [_named(node, owner, unit.addresses) for node in nodes]
    numbers = [int(text) for kind, text in named if kind == "id" and text.isdigit() and len(text) < 19]
    free = Attachment.status_id.is_(None)
    found = await unit.session.scalars(
        select(Attachment)
        .where(Attachment.account_id == owner.id, Attachment.storage_key.is_not(None), Attachment.state == READY)
        .where(free if status_id is None else or_(free, Attachment.status_id == status_id))
        .where(or_(Attachment.id.in_(numbers), Attachment.storage_key.in_([text for _, text in named])))
    )
    by_name: dict[tuple[str, str], Attachment] = {}
    for upload in found:
        by_name["id", str(upload.id)] = by_name["key", upload.storage_key or ""] = upload
    uploads: dict[int, Attachment] = {}
    for name, node in zip(named, nodes, strict=True):
        wanted = by_name.get(name)
        if wanted is None:
            raise malformed("Attach your own uploads (uploadMedia), each to one post.")
        _describe(wanted, node)
        uploads[wanted.id] = wanted
    return list(uploads.values())


def _named(node: JsonObject, owner: Account, addresses: LocalAddresses) -> tuple[str, str]:
    """Which upload an attached object means: ("id", its number) or ("key", its key in the media store)."""
    prefix = f"{owner.uri}/media/"
    for uri in (node.get("id"), first_url(node)):
        if isinstance(uri, str) and uri.startswith(prefix):
            return "id", uri.removeprefix(prefix)
        if isinstance(uri, str) and uri.startswith(addresses.media("")):
            return "key", uri.removeprefix(addresses.media(""))
    return "key", ""


def _describe(upload: Attachment, node: JsonObject) -> None:
    """Take over the description and the focus of an object, where it has any."""
    draft = attachment({**node, "url": [{"href": "https://upload.invalid/"}]})
    if draft is None:
        raise DocumentRefused("attachment", "an attachment must be a file")
    if draft.description is not None:
        upload.description = draft.description
    if draft.focus is not None:
        upload.focal_point = list(draft.focus)
