"""From rows to the documents that other servers read: everything that builds one, under one name.

All of it is pure and static: no queries, no clock, no ids made here. What every document promises: one `@context`, at
the top; lists for `to`, `cc`, `tag` and `attachment` even with one entry; the full IRI for Public; times in UTC with
`Z`; never `bto` or `bcc`.
"""

from federation.documents.activities import (
    accept_activity,
    activity,
    add_activity,
    announce_activity,
    block_activity,
    create_activity,
    create_uri,
    delete_actor_activity,
    delete_status_activity,
    flag_activity,
    follow_activity,
    like_activity,
    move_activity,
    reject_activity,
    remove_activity,
    tombstone_document,
    undo_activity,
    update_actor_activity,
    update_group_activity,
    update_status_activity,
    vote_activity,
)
from federation.documents.actor import actor_document, key_stub_document
from federation.documents.audience import Addressing, addressing
from federation.documents.bundles import StatusBundle, load_bundles
from federation.documents.communities import (
    ban_activity,
    group_announce_activity,
    invite_activity,
    lock_activity,
    pin_activity,
    reject_act_activity,
    reject_post_activity,
    remove_post_activity,
    report_activity,
    resolve_activity,
    role_activity,
    role_collection,
    undo_act,
)
from federation.documents.quotes import (
    accept_quote_request,
    quote_authorization_document,
    quote_request_activity,
    reject_quote_request,
    revoke_quote_activity,
)
from federation.documents.status import embedded_status, hashtag_object, status_document
from federation.documents.wire_time import wire_time

__all__ = [
    "Addressing",
    "StatusBundle",
    "accept_activity",
    "accept_quote_request",
    "activity",
    "actor_document",
    "add_activity",
    "addressing",
    "announce_activity",
    "ban_activity",
    "block_activity",
    "create_activity",
    "create_uri",
    "delete_actor_activity",
    "delete_status_activity",
    "embedded_status",
    "flag_activity",
    "follow_activity",
    "group_announce_activity",
    "hashtag_object",
    "invite_activity",
    "key_stub_document",
    "like_activity",
    "load_bundles",
    "lock_activity",
    "move_activity",
    "pin_activity",
    "quote_authorization_document",
    "quote_request_activity",
    "reject_act_activity",
    "reject_activity",
    "reject_post_activity",
    "reject_quote_request",
    "remove_activity",
    "remove_post_activity",
    "report_activity",
    "resolve_activity",
    "revoke_quote_activity",
    "role_activity",
    "role_collection",
    "status_document",
    "tombstone_document",
    "undo_act",
    "undo_activity",
    "update_actor_activity",
    "update_group_activity",
    "update_status_activity",
    "vote_activity",
    "wire_time",
]
