"""Status: what a post looks like to a client (Mastodon 4.5), with what the viewer has done to it.

Pure: everything comes in a `StatusPage`, which `api.loading` fills with a fixed number of queries. An entity has three
parts: what is a status' own, what a boost of it shares, and what the viewer did to it. `api.statuses.pages` keeps the
first two as bytes.
"""

from html import escape
from typing import Any, Final

from api.call import Api, Json
from api.entities.account import acct_of, emoji_entities, mention_entity
from api.entities.card import card_entity
from api.entities.community import status_community_entity
from api.entities.filter import filter_result
from api.entities.media import media_entity
from api.entities.poll import poll_entity
from api.entities.quote import quote_approval, quote_entity
from api.entities.status_page import StatusPage
from api.entities.tag import status_tag_entity
from api.times import timestamp, timestamp_or_none
from policy.filters import match, text_of

# What a client gets for visibilities that its decoder doesn't know.
VISIBILITIES: Final = {"limited": "private"}
# Types whose content needs its title and a link to be understood (decided with `StatusDraft.type`).
SELF_CONTAINED: Final = frozenset({"Note", "Question", "Announce"})


def status_entity(status_id: int, page: StatusPage, api: Api) -> Json:
    """A status of the page; a boost comes as a wrapper around what it boosts."""
    status = page.statuses[status_id]
    if status.boost_of_id is None:
        entity = {**own_part(status, page), **shared_part(status, page, api), "reblog": None}
        entity["account"] = page.account(status.account_id, api)
        return entity | viewer_part(status, page, entity)
    boosted = status_entity(status.boost_of_id, page, api)
    wrapper = {**boosted, **own_part(status, page), "account": page.account(status.account_id, api), "reblog": boosted}
    if page.viewer is not None:
        wrapper["reblogged"] = boosted["reblogged"] or status.account_id == page.viewer.id
        wrapper.pop("pinned", None)
    return wrapper


def own_part(status: Any, page: StatusPage) -> Json:
    """What a boost has of its own, and every other status too."""
    parent_id, parent_account_id = status.in_reply_to_id, status.in_reply_to_account_id
    return {
        "id": str(status.id),
        "uri": status.uri,
        "created_at": timestamp(status.published_at),
        "edited_at": timestamp_or_none(status.edited_at),
        "visibility": VISIBILITIES.get(status.visibility, status.visibility),
        "in_reply_to_id": None if parent_id is None else str(parent_id),
        "in_reply_to_account_id": None if parent_account_id is None else str(parent_account_id),
        "application": application_entity(page.applications.get(status.application_id)),
    }


def shared_part(status: Any, page: StatusPage, api: Api) -> Json:
    """What a boost repeats of the status that it boosts; the same for every viewer, polls and quotes apart."""
    poll = page.polls.get(status.id)
    card = page.cards.get(status.card_id)
    return {
        "url": status.url or status.uri,
        "sensitive": status.is_sensitive,
        "spoiler_text": status.summary,
        "language": status.language,
        "replies_count": status.replies_count,
        "reblogs_count": status.boosts_count,
        "favourites_count": status.favourites_count,
        "quotes_count": status.quotes_count,
        "content": content_of(status),
        "local_only": status.is_local_only,
        "media_attachments": [media_entity(one, api) for one in page.attachments.get(status.id, ())],
        "mentions": [mention_entity(one) for one in page.mentions.get(status.id, ())],
        "tags": [status_tag_entity(one.name, api) for one in page.tags.get(status.id, ())],
        "emojis": emoji_entities(status.emojis, api),
        "card": card_entity(card, api) if card is not None else None,
        "poll": _poll(poll, status, page, api) if poll is not None else None,
        "quote": quote_entity(status, page, lambda quoted_id: status_entity(quoted_id, page, api)),
    }


def viewer_part(status: Any, page: StatusPage, entity: Json | None = None) -> Json:
    """What the viewer did to a status, whether they may quote it, and what their filters say of its `entity`.

    Its community is here because it changes without the status.
    """
    viewer, marks = page.viewer, page.marks
    posted_in = page.communities.get(status.id)
    part: Json = {
        "quote_approval": quote_approval(status, page),
        "community": None if posted_in is None else status_community_entity(posted_in, acct_of(posted_in)),
    }
    if viewer is None:
        return part
    is_own = status.account_id == viewer.id
    part["favourited"] = status.id in marks.favourites
    part["reblogged"] = status.id in marks.boosts
    part["bookmarked"] = status.id in marks.bookmarks
    part["muted"] = status.conversation_id in marks.muted_conversations
    if is_own:
        part["pinned"] = status.pinned_at is not None
    part["filtered"] = [] if is_own or entity is None else _filtered(entity, status, page)
    return part


def _filtered(entity: Json, status: Any, page: StatusPage) -> list[Json]:
    """What the viewer's filters say of a status, in whatever context: the client knows where it shows it."""
    if not page.filters:
        return []
    texts = [text_of(entity["content"]), status.summary]
    texts += [option["title"] for option in entity["poll"]["options"]] if entity["poll"] else []
    texts += [media["description"] or "" for media in entity["media_attachments"]]
    return [filter_result(found) for found in match(page.filters, texts, [status.id])]


def is_hidden(entity: Json, context: str | None) -> bool:
    """Whether a list of this context leaves the status out: a filter of the viewer says so."""
    return context is not None and any(
        found["filter"]["filter_action"] == "hide" and context in found["filter"]["context"]
        for found in entity.get("filtered", ())
    )


def _poll(poll: Any, status: Any, page: StatusPage, api: Api) -> Json:
    is_own = page.viewer is not None and page.viewer.id == status.account_id
    own_votes = None if page.viewer is None else page.marks.votes.get(poll.id, [])
    return poll_entity(poll, api, now=page.now, is_own=is_own, own_votes=own_votes, emojis=status.emojis)


def application_entity(application: Any) -> Json | None:
    """What a status was written with."""
    return None if application is None else {"name": application.name, "website": application.website}


def content_of(status: Any) -> str:
    """The HTML of a status; of an article, a page or an event with its title and a link to it."""
    content = str(status.content_html)
    if status.object_type in SELF_CONTAINED or not status.title:
        return content
    url = escape(status.url or status.uri, quote=True)
    link = f'<a href="{url}" target="_blank" rel="nofollow noopener"><strong>{escape(status.title)}</strong></a>'
    return f"<p>{link}</p>{content}"
