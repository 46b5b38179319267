"""What requests say about lists."""

from api.schemas.fields import Args, Flag, PageArgs, Text, Whole, ids, one_of
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
