"""What stewards do about hashtags."""

from api.schemas.fields import Args, PageArgs, Text


class AdminTagsArgs(PageArgs):
    """Hashtags, those that begin with `q` where it is given."""

    q = Text(200)


class MergeArgs(Args):
    """The hashtag that another is merged into, by its name."""

    into = Text(200, required=True)
