"""Lists (Mastodon 4.5 `List`) and what requests say about them."""

from marshmallow import fields

from api.schemas.fields import Args, Entity, Flag, IdString, PageArgs, Text, Whole, ids, one_of, required
from policy.limits import LIST_MEMBERS, TITLE_CHARACTERS
from social.lists import REPLIES_POLICIES


class ListChangeArgs(Args):
    """What of a list may be changed."""

    title = Text(TITLE_CHARACTERS)
    replies_policy = one_of(*REPLIES_POLICIES)
    exclusive = Flag()


class ListArgs(ListChangeArgs):
    """A new list."""

    title = Text(TITLE_CHARACTERS, required=True)


class ListMembersArgs(Args):
    """Whom to add or remove."""

    account_ids = ids(most=LIST_MEMBERS, required=True)


class ListMembersPageArgs(PageArgs):
    """A page of members: 40 by default, 80 at most; 0 means all of them."""

    limit = Whole(0, 80, load_default=40)


class ListEntity(Entity):
    """List."""

    id = required(IdString)
    title = required(fields.String)
    replies_policy = one_of(*REPLIES_POLICIES, required=True)
    exclusive = required(fields.Boolean)
