"""Editing as clients ask for it: the new text, files and poll checked, composed, and published as one edit.

As with a new post (`outbox.posting`), what may use the network comes before the transaction. An edit is the whole
status as it shall be: files and a poll that it doesn't name go. What it quotes and whom it answers stay.
"""

from dataclasses import replace

from federation.services import Services
from models import UnitOfWork
from models.accounts import Account
from models.statuses import Status
from models.visibility import Visibility
from outbox.composing import Quoting, compose, quote_policy
from outbox.posting import Post, check_post, check_uploads, normalise_post, own_uploads
from outbox.statuses import NotAllowed, publish_edit, publish_update
from policy.authority import may_edit
from social.drafts import InteractionPolicyDraft, InteractionRule, QuoteDraft, StatusDraft
from social.edits import NO_CHANGES, MediaChanges


async def prepare_edit(services: Services, author: Account, status: Status, post: Post) -> tuple[Post, StatusDraft]:
    """Check and compose what `status` shall say; visibility, parent and quote of `post` are passed over.

    Raises PostRefused, and NotAllowed for somebody else's status.
    """
    if not may_edit(author, status):
        raise NotAllowed("Only the author can edit this.")
    visibility = Visibility(status.visibility)
    post = normalise_post(replace(post, visibility=visibility, quoted_status_id=status.quote_of_id))
    check_post(post)
    async with services.database.reading() as session:
        check_uploads(await own_uploads(session, author, post.media_ids, status_id=status.id), post.media_ids)
    draft = await compose(
        services,
        author,
        post.text,
        visibility=visibility,
        content_type=post.content_type,
        summary=post.spoiler_text,
        is_sensitive=post.sensitive,
        language=post.language or status.language,
        poll=post.poll.draft(services.clock()) if post.poll is not None else None,
        quoting=Quoting(_quote_of(status), _policy(author, status, post.quote_approval_policy)),
    )
    return post, draft


async def publish_post_edit(
    services: Services,
    unit: UnitOfWork,
    author: Account,
    status: Status,
    edited: tuple[Post, StatusDraft],
    *,
    media_changes: MediaChanges = NO_CHANGES,
) -> bool:
    """Edit `status`, which belongs to the unit; False when nothing changed. Raises PostRefused and NotAllowed."""
    post, draft = edited
    uploads = await own_uploads(unit.session, author, post.media_ids, status_id=status.id)
    check_uploads(uploads, post.media_ids)
    known = {number: changes for number, changes in media_changes.items() if number in post.media_ids}
    return await publish_edit(services, unit, author, status, draft, uploads=uploads, media_changes=known)


async def publish_quote_policy(
    services: Services, unit: UnitOfWork, author: Account, status: Status, word: str
) -> None:
    """Say anew who may quote a status of one's own: no edit, but others are told. Raises NotAllowed."""
    if not may_edit(author, status):
        raise NotAllowed("Only the author can change this.")
    rule = quote_policy(author, word, Visibility(status.visibility)).can_quote or InteractionRule()
    wanted = {"automatic": list(rule.automatic), "manual": list(rule.manual)}
    if status.interaction_policy != wanted:
        status.interaction_policy = wanted
        await publish_update(services, unit, status)


def _quote_of(status: Status) -> QuoteDraft | None:
    return QuoteDraft(status.quote_uri, status.quote_authorization_uri) if status.quote_uri else None


def _policy(author: Account, status: Status, word: str | None) -> InteractionPolicyDraft | None:
    """The wish of the edit, else what the status says already."""
    if word is not None:
        return quote_policy(author, word, Visibility(status.visibility))
    kept = status.interaction_policy
    if kept is None:
        return None
    return InteractionPolicyDraft(
        can_quote=InteractionRule(tuple(kept.get("automatic", ())), tuple(kept.get("manual", ())))
    )
