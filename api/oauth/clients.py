"""Which application is asking: its id and secret in the body, or in HTTP Basic (RFC 6749 §2.3.1)."""

import base64
import binascii
from typing import NamedTuple
from urllib.parse import unquote_plus

from access.applications import authenticate
from api.call import Call
from api.oauth.errors import bad_request, invalid_client
from models.oauth import Application

_PREFIX = "basic "


class Credentials(NamedTuple):
    """What was presented, and whether in the header."""

    client_id: str
    secret: str
    is_header: bool


async def client_of(call: Call) -> Application:
    """The application that asks. Raises OAuthError."""
    given = presented(call)
    async with call.database.reading() as session:
        application = await authenticate(session, given.client_id, given.secret)
    if application is None:
        raise invalid_client(asked_by_header=given.is_header)
    return application


def presented(call: Call) -> Credentials:
    """The credentials of a request. Raises OAuthError for two different ones, and for a header that is none."""
    header = call.request.headers.get("Authorization", "")
    client_id, secret = call.args.get("client_id", ""), call.args.get("client_secret", "")
    if header[: len(_PREFIX)].lower() != _PREFIX:
        return Credentials(client_id, secret, False)
    try:
        decoded = base64.b64decode(header[len(_PREFIX) :].strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise invalid_client(asked_by_header=True) from None
    name, _, password = (unquote_plus(part) for part in decoded.partition(":"))
    if (client_id and client_id != name) or (secret and secret != password):
        raise bad_request("invalid_request", "The header and the body name different clients.")
    return Credentials(name, password, True)
