"""What a request to report may say."""

from api.schemas.fields import Args, Flag, Id, Text, ids, one_of

CATEGORIES = ("spam", "legal", "violation", "other")
COMMENT_CHARACTERS = 1_000


class ReportArgs(Args):
    """Whom, for which statuses, why, and whether their own office shall hear of it.

    `community` false: posts in a community are for the moderators of this office, not for those of the community.
    """

    account_id = Id(required=True)
    status_ids = ids(most=100, load_default=list)
    comment = Text(COMMENT_CHARACTERS, load_default="")
    forward = Flag(load_default=False)
    community = Flag(load_default=True)
    category = one_of(*CATEGORIES)
    rule_ids = ids(most=50, load_default=list)
