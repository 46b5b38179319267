"""Every URI of ours, built in one place.

Actor ids are opaque and immutable: they contain the account's number, never its name, so that a renamed account or
a new owner of a name can't be mistaken for somebody else. Nothing here asks the database.
"""

from urllib.parse import quote

from models.values import dataclass


@dataclass(frozen=True, slots=True)
class LocalAddresses:
    """The URIs of one instance: `origin` is `https://host[:port]`, `domain` the host part of its handles."""

    origin: str
    domain: str

    def is_local(self, uri: str) -> bool:
        """Whether a URI is below our origin (an exact prefix, never a look-alike host)."""
        return uri.startswith(self.origin) and uri[len(self.origin) : len(self.origin) + 1] in ("", "/")

    @property
    def scheme(self) -> str:
        return self.origin.partition("://")[0]

    @property
    def authority(self) -> str:
        """`host[:port]` of the origin, which may differ from the domain of the handles."""
        return self.origin.partition("://")[2]

    @property
    def instance_actor(self) -> str:
        return f"{self.origin}/actor"

    @property
    def shared_inbox(self) -> str:
        return f"{self.origin}/inbox"

    def actor(self, account_id: int) -> str:
        return f"{self.origin}/users/{account_id}"

    def profile(self, username: str) -> str:
        """The page for people, `https://host/@name`."""
        return f"{self.origin}/@{quote(username)}"

    def part(self, account_uri: str, name: str) -> str:
        """`inbox`, `outbox`, `followers`, `following`, `collections/featured`, `collections/tags` of a local actor."""
        return f"{account_uri}/{name}"

    def status(self, account_id: int, status_id: int) -> str:
        return f"{self.origin}/users/{account_id}/statuses/{status_id}"

    def status_page(self, username: str, status_id: int) -> str:
        return f"{self.origin}/@{quote(username)}/{status_id}"

    def replies(self, status_uri: str) -> str:
        return f"{status_uri}/replies"

    def context(self, conversation_id: int) -> str:
        return f"{self.origin}/contexts/{conversation_id}"

    def activity(self, activity_id: int) -> str:
        return f"{self.origin}/activities/{activity_id}"

    def follow(self, follow_id: int) -> str:
        return f"{self.origin}/follows/{follow_id}"

    def quote_authorization(self, account_id: int, quote_id: int) -> str:
        return f"{self.origin}/users/{account_id}/quote_authorizations/{quote_id}"

    def tag(self, name: str) -> str:
        return f"{self.origin}/tags/{quote(name)}"

    def announcement(self, topic_uri: str, number: int) -> str:
        """The Announce of a post by a topic of ours."""
        return f"{topic_uri}/announces/{number}"

    def media(self, key: str) -> str:
        return f"{self.origin}/media/{key}"

    def media_key(self, url: str | None) -> str | None:
        """The key behind an address of `media`; None for any other."""
        prefix = self.media("")
        return url.removeprefix(prefix) if url and url.startswith(prefix) else None

    @property
    def default_avatar(self) -> str:
        """The picture of who has none; strict clients want an address in any case."""
        return f"{self.origin}/avatars/original/missing.png"

    @property
    def default_header(self) -> str:
        return f"{self.origin}/headers/original/missing.png"

    @property
    def instance_thumbnail(self) -> str:
        return f"{self.origin}/instance/thumbnail.png"

    def handle(self, username: str) -> str:
        """`name@domain`, without a leading @."""
        return f"{username}@{self.domain}"
