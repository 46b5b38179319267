"""Quotes inside a status (Mastodon 4.4 to read, 4.5 to write): the quoted status, and who may quote this one."""

from collections.abc import Callable
from typing import Any, Final

from api.call import Json
from api.entities.status_page import StatusPage
from policy.authority import PUBLIC, may_quote

STATES: Final = frozenset({"pending", "accepted", "rejected", "revoked", "deleted", "unauthorized"})


def quote_entity(
    status: Any, page: StatusPage, render: Callable[[int], Json], *, is_nested: bool = False
) -> Json | None:
    """What a status quotes; null when it quotes nothing.

    Only what was agreed to and what the viewer may see is shown (else `unauthorized`). A quote within a quote is told
    by its id alone. `render` makes the entity of a status of the page.
    """
    state = status.quote_state
    if state is None:
        return None
    quoted_id = status.quote_of_id
    if state != "accepted":
        return _shallow(state if state in STATES else "pending", None) if is_nested else _deep(state, None)
    if quoted_id is None or quoted_id not in page.statuses:
        return _shallow("unauthorized", None) if is_nested else _deep("unauthorized", None)
    if is_nested:
        return _shallow("accepted", str(quoted_id))
    entity = render(quoted_id)
    entity["quote"] = quote_entity(page.statuses[quoted_id], page, render, is_nested=True)
    return _deep("accepted", entity)


def _deep(state: str, quoted: Json | None) -> Json:
    return {"state": state, "quoted_status": quoted}


def _shallow(state: str, quoted_id: str | None) -> Json:
    return {"state": state, "quoted_status_id": quoted_id}


def quote_approval(status: Any, page: StatusPage) -> Json:
    """Who may quote a status, as far as it says so, and what that means for the viewer."""
    author = page.accounts[status.account_id]
    policy = status.interaction_policy
    if policy is None:
        is_public = status.visibility in ("public", "unlisted")
        automatic, manual = (["public"] if is_public else []), []
    else:
        automatic = _names(policy.get("automatic", ()), author)
        manual = _names(policy.get("manual", ()), author)
    return {"automatic": automatic, "manual": manual, "current_user": _current(status, author, manual, page)}


def _current(status: Any, author: Any, manual: list[str], page: StatusPage) -> str:
    viewer = page.viewer
    if viewer is None:
        return "denied"
    is_follower = status.account_id in page.marks.follows
    if may_quote(viewer, status, author, is_follower=is_follower):
        return "automatic"
    if not manual:
        return "denied"
    return "manual" if "public" in manual or ("followers" in manual and is_follower) else "unknown"


def _names(uris: Any, author: Any) -> list[str]:
    """The words of the API for what a policy lists."""
    words = []
    for uri in uris:
        if uri == PUBLIC:
            words.append("public")
        elif uri == author.followers_url:
            words.append("followers")
        elif uri != author.uri:
            words.append("unsupported_policy")
    return list(dict.fromkeys(words))
