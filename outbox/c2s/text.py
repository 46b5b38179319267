"""What people write, as HTML: composed from its source, or sanitised when a client brings HTML.

With a `source` alone (or a `content` that says to be Markdown or plain text) the server makes the HTML: mentions are
looked up, links and hashtags are linked. A client's own HTML goes through the allow-list that everybody's HTML goes
through. Hashtags count in either.
"""

from content.compose import MARKDOWN, PLAIN, MentionLink, find_entities, normalise_hashtag, render
from content.html import plain_text, sanitize
from federation.json_ld import JsonObject
from models.accounts import Account
from models.addresses import LocalAddresses
from models.values import dataclass
from outbox.c2s.lookup import Lookup
from outbox.c2s.refusals import malformed
from social.drafts import TagDraft

MAX_NAMED = 50
MAX_HASHTAGS = 100
HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Text:
    """`named` are the accounts that the text itself mentions; the source is kept for the next edit."""

    html: str
    named: tuple[Account, ...] = ()
    hashtags: tuple[TagDraft, ...] = ()
    source: str | None = None
    source_type: str | None = None


async def read_text(document: JsonObject, lookup: Lookup) -> Text:
    """The text of a normalised object. Raises ClientRefused."""
    content = str(document.get("content", ""))
    source, source_type = _source(document)
    content_type = _media_type(document.get("mediaType"), HTML)
    if content and content_type == HTML:
        html = sanitize(content)
        is_kept = bool(source) and source_type != HTML
        kept = (source, source_type) if is_kept else (None, None)
        return Text(html, (), _hashtags(plain_text(html), PLAIN), *kept)
    if content:
        source, source_type = content, content_type
    if not source:
        return Text("")
    return await _compose(source, source_type, lookup)


async def _compose(source: str, source_type: str, lookup: Lookup) -> Text:
    if source_type == HTML:
        html = sanitize(source)
        return Text(html, (), _hashtags(plain_text(html), PLAIN))
    names = find_entities(source, source_type).mentions
    if len(names) > MAX_NAMED:
        raise malformed(f"A post may mention {MAX_NAMED} people at most.")
    found = {name: account for name in names if (account := await lookup.handle(name)) is not None}
    addresses = lookup.services.addresses
    links = {name: _link(account, addresses) for name, account in found.items()}
    named = {account.uri: account for account in found.values()}
    return Text(
        render(source, source_type, links, addresses.tag),
        tuple(named.values()),
        _hashtags(source, source_type),
        source,
        source_type,
    )


def _link(account: Account, addresses: LocalAddresses) -> MentionLink:
    acct = f"{account.username}@{account.domain or addresses.domain}"
    return MentionLink(account.url or account.uri, account.username, acct)


def _hashtags(text: str, content_type: str) -> tuple[TagDraft, ...]:
    names = find_entities(text, content_type).hashtags[:MAX_HASHTAGS]
    return tuple(TagDraft(normalise_hashtag(name), name) for name in names)


def _source(document: JsonObject) -> tuple[str | None, str]:
    source = document.get("source")
    if not isinstance(source, dict):
        return None, PLAIN
    return source.get("content"), _media_type(source.get("mediaType"), PLAIN)


def _media_type(value: object, otherwise: str) -> str:
    named = str(value or otherwise).partition(";")[0].strip().lower()
    if named not in (HTML, MARKDOWN, PLAIN):
        raise malformed(f"Write {MARKDOWN}, {PLAIN} or {HTML}, not {named[:60]}.")
    return named
