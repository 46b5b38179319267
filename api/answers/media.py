"""MediaAttachment (Mastodon 4.5)."""

from marshmallow import fields, validate

from api.answers.fields import Address, Entity, IdString, nullable, required

KINDS = ("image", "gifv", "video", "audio", "unknown")


class MediaEntity(Entity):
    """An attachment; `url` is null while it is being processed. `meta` has `original`, `small`, `focus` as known."""

    id = required(IdString)
    type = required(fields.String, validate=validate.OneOf(KINDS))
    url = nullable(Address)
    preview_url = nullable(Address)
    remote_url = nullable(Address)
    preview_remote_url = nullable(Address)
    text_url = nullable(Address)
    meta = required(fields.Dict)
    description = nullable(fields.String)
    blurhash = nullable(fields.String)
