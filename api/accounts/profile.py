"""One's own account: what is known of it, and changing it (PUT means PATCH).

What is typed is composed before the transaction, pictures are stored before it too; then everything changes at once and
the followers are told. Links of the table are looked at afterwards, by a job.
"""

from typing import Any, Final

from api.call import Call, Json
from api.endpoints import Access, Endpoint
from api.entities.credential_account import credential_account, profile_entity
from api.errors import invalid
from api.pictures import FORM_BYTES, stored_picture
from api.schemas.credentials import CredentialsArgs
from content.pictures import PictureKind
from models import UnitOfWork
from models.accounts import Account, User
from outbox.profile import publish_account_update
from outbox.profile_text import compose_profile
from outbox.verified_links import queue_verification
from policy.domains import normalise_domain
from social.preferences import set_preferences
from social.profiles import ProfileChange, ProfileText, change_profile

_SWITCHES: Final = {
    "locked": "is_locked",
    "discoverable": "is_discoverable",
    "indexable": "is_indexable",
    "hide_collections": "hides_collections",
}
_PICTURES: Final = {"avatar": "avatar_url", "header": "header_url"}
_KINDS: Final = {"avatar": PictureKind.AVATAR, "header": PictureKind.HEADER}
_TEXTS: Final = ("avatar_description", "header_description")
_TYPED: Final = ("display_name", "note", "fields_attributes")


async def verify_credentials(call: Call) -> Json:
    """Verify account credentials: one's own account with its source and role."""
    async with call.database.reading() as session:
        return await credential_account(call.api, session, call.me.id)


async def update_credentials(call: Call) -> Json:
    """Update account credentials; followers elsewhere are told."""
    await _update(call)
    return await verify_credentials(call)


async def put_credentials(call: Call) -> Json:
    """Update account credentials: clients that send PUT mean PATCH."""
    return await update_credentials(call)


async def get_profile(call: Call) -> Json:
    """Get current user profile, as a form shows it."""
    async with call.database.reading() as session:
        return profile_entity(await session.get_one(Account, call.me.id), call.api)


async def update_profile(call: Call) -> Json:
    """Update current user profile."""
    await _update(call)
    return await get_profile(call)


async def put_profile(call: Call) -> Json:
    """Update current user profile: clients that send PUT mean PATCH."""
    return await update_profile(call)


async def delete_avatar(call: Call) -> Json:
    """Delete profile avatar."""
    return await _without_picture(call, "avatar_url", "avatar_description")


async def delete_header(call: Call) -> Json:
    """Delete profile header."""
    return await _without_picture(call, "header_url", "header_description")


async def _update(call: Call) -> None:
    args = call.args
    change = ProfileChange(
        text=await _composed(call, args),
        switches={column: args[name] for name, column in _SWITCHES.items() if name in args},
        is_bot=args.get("bot"),
        pictures={
            **{
                column: await stored_picture(call, name, _KINDS[name])
                for name, column in _PICTURES.items()
                if name in args
            },
            **{name: args[name] for name in _TEXTS if name in args},
        },
        attribution_domains=_domains(args["attribution_domains"]) if "attribution_domains" in args else None,
    )
    async with call.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, call.me.id)
        await _change(call, unit, account, change)
        if args.get("source"):
            set_preferences(await unit.session.get_one(User, call.user_id), **_habits(args["source"]))


async def _change(call: Call, unit: UnitOfWork, account: Account, change: ProfileChange) -> None:
    await change_profile(unit, account, change)
    if unit.session.is_modified(account):
        await publish_account_update(call.services, unit, account)
        await queue_verification(unit, account)
        unit.after_commit(lambda: call.api.bearers.forget(user_id=call.user_id))


async def _composed(call: Call, args: dict[str, Any]) -> ProfileText:
    async with call.database.reading() as session:
        account = await session.get_one(Account, call.me.id)
    if not any(name in args for name in _TYPED):
        return ProfileText(emojis=account.emojis)
    return await compose_profile(
        call.services, account, display_name=args.get("display_name"), note=args.get("note"),
        fields=args.get("fields_attributes"),
    )  # fmt: skip


async def _without_picture(call: Call, address: str, text: str) -> Json:
    async with call.database.unit_of_work() as unit:
        account = await unit.session.get_one(Account, call.me.id)
        change = ProfileChange(text=ProfileText(emojis=account.emojis), pictures={address: None, text: ""})
        await _change(call, unit, account, change)
    return await verify_credentials(call)


def _habits(source: dict[str, Any]) -> dict[str, Any]:
    names = {
        "privacy": "visibility",
        "local_only": "is_local_only",
        "sensitive": "is_sensitive",
        "language": "language",
        "quote_policy": "quote_policy",
    }
    return {names[name]: value if value != "" else None for name, value in source.items()}


def _domains(given: list[str]) -> list[str]:
    """Hosts in their normal form, also of addresses. Raises ApiError."""
    found = []
    for text in given:
        host = text.strip().partition("://")[2] or text.strip()
        if host:
            try:
                found.append(normalise_domain(host.partition("/")[0]))
            except ValueError as error:
                raise invalid("attribution_domains", f"{text[:100]} is no domain") from error
    return list(dict.fromkeys(found))


_OWN = "profile read:accounts"
ENDPOINTS = (
    Endpoint("GET", "/api/v1/accounts/verify_credentials", verify_credentials, scope=_OWN,
             returns="CredentialAccountEntity"),
    *(
        Endpoint(method, "/api/v1/accounts/update_credentials", handler, scope="write:accounts",
                 args=CredentialsArgs, returns="CredentialAccountEntity", body_bytes=FORM_BYTES)
        for method, handler in (("PATCH", update_credentials), ("PUT", put_credentials))
    ),
    Endpoint("GET", "/api/v1/profile", get_profile, Access.USER, _OWN, returns="ProfileEntity"),
    *(
        Endpoint(method, "/api/v1/profile", handler, scope="write:accounts", args=CredentialsArgs,
                 returns="ProfileEntity", body_bytes=FORM_BYTES)
        for method, handler in (("PATCH", update_profile), ("PUT", put_profile))
    ),
    Endpoint("DELETE", "/api/v1/profile/avatar", delete_avatar, scope="write:accounts",
             returns="CredentialAccountEntity"),
    Endpoint("DELETE", "/api/v1/profile/header", delete_header, scope="write:accounts",
             returns="CredentialAccountEntity"),
)  # fmt: skip
