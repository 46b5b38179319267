"""What administrators say about peers; not in Mastodon."""

from api.schemas.fields import Args, Flag, Several, Text, Whole, one_of
from policy.peers import MAX_NAMES, MAX_PER_MINUTE, VISIBILITIES


class PeerProposalArgs(Args):
    """Whom to propose to; `limited` admits a server that knows no handshake."""

    domain = Text(300, required=True)
    limited = Flag(load_default=False)
    note = Text(2000, load_default="")


class PeerEndArgs(Args):
    """`delete_content` has everything of the peer removed here."""

    delete_content = Flag(load_default=False)


class PeerPolicyArgs(Args):
    """The rules to change; what isn't named stays, null takes a rule away, an empty list allows nothing."""

    KEEPS_NULL = frozenset({"visibilities", "topics", "communities", "inbound_per_minute", "outbound_per_minute"})

    visibilities = Several(one_of(*VISIBILITIES), allow_none=True)
    topics = Several(Text(100), most=MAX_NAMES, allow_none=True)
    communities = Several(Text(300), most=MAX_NAMES, allow_none=True)
    media = Flag()
    boosts = Flag()
    inbound_per_minute = Whole(1, MAX_PER_MINUTE, allow_none=True)
    outbound_per_minute = Whole(1, MAX_PER_MINUTE, allow_none=True)
