"""The addresses that are ActivityStreams and nothing else: collections, activities, consents (ActivityPub §5)."""

from aiohttp import web

from content.hashtags import normalise_hashtag
from federation.serving import collections, communities, resources, topics
from federation.serving.actor_tokens import actor_token_answer
from federation.serving.answers import Answer, ReadRefused, document_answer, not_found
from federation.serving.read_gate import Reader
from federation.serving.vouching import with_word_of_host
from federation.site import Site, account_of, cursor_in, number_of
from federation.trends import trends_document
from models.accounts import INSTANCE_ACTOR_ID
from policy.peers import FREE


async def get_instance_outbox(site: Site, request: web.Request, reader: Reader) -> Answer:
    """The outbox of the instance actor: it publishes nothing, but an actor must have one (ActivityPub §4.1)."""
    return await collections.outbox_answer(site.services, reader, INSTANCE_ACTOR_ID, cursor_in(request))


async def get_outbox(site: Site, request: web.Request, reader: Reader) -> Answer:
    """An outbox."""
    return await collections.outbox_answer(site.services, reader, account_of(request), cursor_in(request))


async def get_followers(site: Site, request: web.Request, reader: Reader) -> Answer:
    """Followers: their number, and to some who they are; with `is_follower`, whether one account is among them."""
    if (asked := request.query.get("is_follower")) is not None:
        return await communities.membership_answer(site.services, reader, account_of(request), asked)
    return await collections.followers_answer(site.services, reader, account_of(request), cursor_in(request))


async def get_following(site: Site, request: web.Request, reader: Reader) -> Answer:
    """The other direction."""
    return await collections.following_answer(site.services, reader, account_of(request), cursor_in(request))


async def get_followers_synchronization(site: Site, request: web.Request, reader: Reader) -> Answer:
    """The followers on the reader's server (FEP-8fcf)."""
    return await collections.followers_synchronization_answer(site.services, reader, account_of(request))


async def get_featured(site: Site, request: web.Request, reader: Reader) -> Answer:
    """Pinned statuses."""
    return await collections.featured_answer(site.services, reader, account_of(request))


async def get_roles(site: Site, request: web.Request, reader: Reader) -> Answer:
    """Who holds which role in a community."""
    return await communities.roles_answer(site.services, reader, account_of(request), request.match_info["name"])


async def get_actor_token(site: Site, request: web.Request, reader: Reader) -> Answer:
    """A token by which a community vouches for the server of a member (FEP-db0e)."""
    return await actor_token_answer(site.services, reader, account_of(request))


async def get_trends(site: Site, request: web.Request, reader: Reader) -> Answer:
    """How much our people use which hashtags: for peers alone, in an open network too."""
    if reader.host is None:
        raise ReadRefused(401, "missing", "This is for peers: sign the request with the key of one.")
    if not site.services.peers.is_full(reader.host):
        raise not_found()
    return document_answer(await trends_document(site.services, reader.policy or FREE), is_for_everybody=False)


async def get_featured_tags(site: Site, request: web.Request, reader: Reader) -> Answer:
    """Hashtags of a profile."""
    return await collections.featured_tags_answer(site.services, reader, account_of(request))


async def get_topic_outbox(site: Site, request: web.Request, reader: Reader) -> Answer:
    """The archive of a hashtag."""
    name, query = request.match_info["name"], request.query
    is_page = "page" in query or "before" in query
    return await topics.archive_answer(site.services, reader, name, query.get("before"), is_page)


async def get_announcement(site: Site, request: web.Request, reader: Reader) -> Answer:
    """What a topic announced, as those got it who follow it from servers of other make."""
    topic = site.services.addresses.tag(normalise_hashtag(request.match_info["name"]))
    uri = site.services.addresses.announcement(topic, number_of(request, "number"))
    return await resources.activity_by_uri(site.services, reader, uri)


async def get_topic_followers(site: Site, request: web.Request, reader: Reader) -> Answer:
    """The number of those who follow a hashtag."""
    return await topics.topic_followers_answer(site.services, reader, request.match_info["name"])


async def get_quote_authorization(site: Site, request: web.Request, reader: Reader) -> Answer:
    """The consent to a quote."""
    quote_id = number_of(request, "quote_id")
    return await resources.quote_authorization_answer(site.services, reader, account_of(request), quote_id)


async def get_status_activity(site: Site, request: web.Request, reader: Reader) -> Answer:
    """The Create or Announce of a status."""
    account_id, status_id = account_of(request), number_of(request, "status_id")
    return await with_word_of_host(
        site.services, reader, status_id,
        lambda who: resources.status_answer(site.services, who, account_id, status_id, as_activity=True),
    )  # fmt: skip


async def get_replies(site: Site, request: web.Request, reader: Reader) -> Answer:
    """The answers to a status."""
    account_id, status_id, cursor = account_of(request), number_of(request, "status_id"), cursor_in(request)
    return await with_word_of_host(
        site.services, reader, status_id,
        lambda who: collections.replies_answer(site.services, who, account_id, status_id, cursor),
    )  # fmt: skip


async def get_count(site: Site, request: web.Request, reader: Reader) -> Answer:
    """The number of likes or shares."""
    status_id, name = number_of(request, "status_id"), request.match_info["name"]
    return await collections.count_answer(site.services, reader, account_of(request), status_id, name)


async def get_context(site: Site, request: web.Request, reader: Reader) -> Answer:
    """A conversation."""
    number = number_of(request, "context_id")
    return await collections.context_answer(site.services, reader, number, cursor_in(request))


async def get_activity(site: Site, request: web.Request, reader: Reader) -> Answer:
    """An activity of ours."""
    return await resources.activity_answer(site.services, reader, number_of(request, "activity_id"))


async def get_follow(site: Site, request: web.Request, reader: Reader) -> Answer:
    """A Follow of ours."""
    return await resources.follow_answer(site.services, reader, number_of(request, "follow_id"))
