"""One's own account with what only its owner sees (Mastodon `CredentialAccount` and `Profile`)."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.call import Api, Json
from api.entities.account import field_entity
from api.loading import account_entities
from models.accounts import Account, User
from models.relations import Follow
from outbox.profile_text import field_source
from policy.roles import role_entity
from social.follows import PENDING
from social.preferences import preferences_of


async def credential_account(api: Api, session: AsyncSession, account_id: int) -> Json:
    """CredentialAccount of one of our people; four queries."""
    account = await session.get_one(Account, account_id, populate_existing=True)
    user = (await session.scalars(select(User).where(User.account_id == account_id))).one()
    requests = select(func.count()).where(Follow.followee_id == account_id, Follow.state == PENDING)
    waiting = await session.scalar(requests) or 0
    entity = (await account_entities(api, session, [account_id]))[0]
    return {**entity, "source": source_entity(account, user, waiting), "role": role_entity(user.role)}


def source_entity(account: Account, user: User, waiting: int) -> Json:
    """What was typed, and how somebody posts; `waiting` is the number of follow requests."""
    chosen = preferences_of(user)
    return {
        "privacy": chosen.visibility_for(is_locked=account.is_locked),
        "local_only": chosen.is_local_only,
        "sensitive": chosen.is_sensitive,
        "language": chosen.language,
        "note": account.note_source,
        "fields": plain_fields(account),
        "follow_requests_count": waiting,
        "hide_collections": account.hides_collections,
        "discoverable": account.is_discoverable,
        "indexable": account.is_indexable,
        "attribution_domains": list(account.attribution_domains),
        "quote_policy": chosen.quote_policy,
    }


def plain_fields(account: Account) -> list[Json]:
    """The rows of the table as they were typed."""
    return [{**field_entity(row), "value": field_source(row)} for row in account.fields]


def profile_entity(account: Account, api: Api) -> Json:
    """Profile: what a form for one's own account shows; pictures are null where there are none."""
    avatar = api.shown(account.avatar_url) if account.avatar_url else None
    header = api.shown(account.header_url) if account.header_url else None
    return {
        "id": str(account.id),
        "display_name": account.display_name,
        "note": account.note_source,
        "fields": plain_fields(account),
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": account.avatar_description,
        "header": header,
        "header_static": header,
        "header_description": account.header_description,
        "locked": account.is_locked,
        "bot": account.is_bot,
        "hide_collections": account.hides_collections,
        "discoverable": account.is_discoverable,
        "indexable": account.is_indexable,
        "show_media": True,
        "show_media_replies": True,
        "show_featured": True,
        "attribution_domains": list(account.attribution_domains),
    }
