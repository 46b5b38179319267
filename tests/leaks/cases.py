"""What is secret, and who may learn of it: one table, of which every surface of `surfaces.py` is asked.

Each case is found again by words that stand nowhere else (`Secret.words`: made-up words, ids, handles), in the whole
bytes of an answer. `world.py` makes the things, with one secret for every case.

Who asks: `nobody` has neither token nor signature. In Madrid, where all of it is, `ana` wrote most of it and owns both
communities, `mia` belongs to everything, `ivo` is invited to the hidden community, `mal` is a colleague and no more. In
Lisbon, `zoe` follows ana and is written to, `yan` is a stranger, `lisbon` is the instance itself. `carol` follows ana
from a limited peer, `nora` from one with a policy (public and unlisted posts, of one topic), `eve` is on a server that
nobody confirmed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Address = tuple[str, ...]

COLLEAGUES: Final = frozenset({"mia", "ivo", "mal"})
LISBON: Final = frozenset({"zoe", "yan", "lisbon"})
# They ask for everything; the others for all that they may know, and of each kind for one thing that they may not.
THOROUGH: Final = frozenset({"mia", "mal", "lisbon", "yan", "carol", "nora"})

_NONE: Final = frozenset[str]()
_MEMBERS: Final = frozenset({"mia"})
_INVITED: Final = frozenset({"mia", "ivo"})
_FOLLOWERS: Final = frozenset({"mia", "zoe", "lisbon", "carol"})
_MENTIONED: Final = frozenset({"mia", "zoe"})

WHO_MAY: Final[Mapping[str, frozenset[str]]] = {
    # For this office alone: public here, and whatever is said with it.
    "office post": COLLEAGUES,
    "office post, before it was edited": COLLEAGUES,
    "office post's hashtag": COLLEAGUES,
    "office post's picture": COLLEAGUES,
    "office post's link": COLLEAGUES,
    "office poll": COLLEAGUES,
    "answer to an office post": COLLEAGUES,
    "boost of an office post": COLLEAGUES,
    "quote of an office post": COLLEAGUES,
    "office answer to a post from elsewhere": COLLEAGUES,
    # A private community: everybody knows that it is there, its members know the rest.
    "private community's post": _MEMBERS,
    "private community's hashtag": _MEMBERS,
    "private community's picture": _MEMBERS,
    "private community's comment": _MEMBERS,
    "private community's boost of a post": _MEMBERS,
    "private community's members": _MEMBERS,
    "who is in a private community": _MEMBERS,
    "post removed from a private community": _MEMBERS,  # its author is mia
    # One with a member in Lisbon, whose office has the posts, too.
    "post in a private community of two offices": frozenset({"mia", "zoe", "lisbon"}),
    "comment in a private community of two offices": frozenset({"mia", "zoe", "lisbon"}),
    "private community's token": frozenset({"lisbon"}),
    # A hidden community: whom it invited knows that it is there, its members know the rest.
    "hidden community": _INVITED,
    "hidden community's post": _MEMBERS,
    "hidden community's comment": _MEMBERS,
    "hidden community's hashtag": _MEMBERS,
    # The controls: rules that are older than communities.
    "followers-only post": _FOLLOWERS,
    "private message": _MENTIONED,
    "deleted post": _NONE,
    # Public, and yet not for a peer whose policy leaves its hashtag out.
    "post that a policy keeps from a peer": COLLEAGUES | LISBON | {"carol"},
    # One's own.
    "list": _MEMBERS,
    "filter": _MEMBERS,
    "scheduled post": _MEMBERS,
    "note about somebody": _MEMBERS,
    "upload in no post": _MEMBERS,
    "report": _NONE,  # moderators of the office
}


@dataclass(frozen=True, slots=True)
class Secret:
    """One case in the world of a test.

    `addresses` says by what it can be asked for, by kind (`status`, `tag`, `word` …), each as the values that fill the
    places of a route. `about` is for words that mean the secret only in answers about somebody: that mia is in a
    community can't be searched for everywhere, for neither name is a secret. `past`: it was public for a moment, so it
    isn't looked for in what was sent.
    """

    name: str
    words: tuple[str, ...]
    addresses: Mapping[str, Address] = field(default_factory=dict)
    about: str | None = None
    past: bool = False

    @property
    def may(self) -> frozenset[str]:
        """Who may learn of it."""
        return WHO_MAY[self.name]

    def is_in(self, answer: bytes, about: str = "") -> bool:
        """Whether an answer tells it; `about` is the kind by which it was asked for."""
        return self.about in (None, about) and any(word.encode() in answer for word in self.words)
