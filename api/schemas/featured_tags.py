"""What requests say about featured hashtags."""

from api.schemas.fields import Args, Text


class FeaturedTagArgs(Args):
    """The hashtag to feature, with or without `#`."""

    name = Text(200, required=True)
