"""From what somebody types into their profile to the HTML that everybody sees.

Mentions are looked up as in posts, hashtags and links are linked; the links of the table carry `rel="me"`, so that the
pages they lead to may lead back. Everything else is escaped. May use the network, never inside a transaction.
"""

from collections.abc import Sequence

from content.compose import PLAIN, MentionLink, find_entities, render
from content.html import LINK_REL, plain_text
from content.names import sanitize_name
from federation.services import Services
from models.accounts import Account
from outbox.composing import find_mentioned
from policy.limits import DISPLAY_NAME_CHARACTERS, PROFILE_FIELD_CHARACTERS, STATUS_MENTIONS
from social.emojis import local_emojis
from social.profiles import ProfileText


async def compose_profile(
    services: Services,
    account: Account,
    *,
    display_name: str | None = None,
    note: str | None = None,
    fields: Sequence[tuple[str, str]] | None = None,
) -> ProfileText:
    """The texts of a profile for `social.profiles.change_profile`; None is what doesn't change. Limits are checked."""
    rows = None if fields is None else [_row(name, value) for name, value in fields]
    texts = [note or "", *(value for _, value in rows or ())]
    names = [name for text in texts for name in find_entities(text).mentions]
    found = await find_mentioned(services, list(dict.fromkeys(names))[:STATUS_MENTIONS])
    links = {name: _link(services, one) for name, one in found.items()}
    shown_name = account.display_name if display_name is None else display_name
    shown_note = account.note_source if note is None else note
    shown_fields = rows if rows is not None else [(row["name"], row.get("source", "")) for row in account.fields]
    async with services.database.reading() as session:
        emojis = await local_emojis(
            session, services.addresses, [shown_name, shown_note, *(text for row in shown_fields for text in row)]
        )
    tag_url = services.addresses.tag
    return ProfileText(
        display_name=None if display_name is None else sanitize_name(display_name, DISPLAY_NAME_CHARACTERS),
        note_source=note,
        note_html="" if note is None else render(note, PLAIN, links, tag_url),
        fields=None
        if rows is None
        else [
            {"name": name, "value": _with_rel_me(render(value, PLAIN, links, tag_url)), "source": value}
            for name, value in rows
        ],
        emojis=emojis,
    )


def field_source(row: dict[str, str]) -> str:
    """What was typed into a row of the table; of one that came as HTML, its text."""
    return row["source"] if "source" in row else plain_text(row.get("value", ""))


def _row(name: str, value: str) -> tuple[str, str]:
    return (
        sanitize_name(name, PROFILE_FIELD_CHARACTERS),
        " ".join(value.split())[:PROFILE_FIELD_CHARACTERS],
    )  # fmt: skip


def _with_rel_me(html: str) -> str:
    """One line without its paragraph. Quotes in what was typed are escaped, so only our own attributes match."""
    line = html.removeprefix("<p>").removesuffix("</p>")
    return line.replace(f'rel="{LINK_REL}"', f'rel="me {LINK_REL}"')


def _link(services: Services, account: Account) -> MentionLink:
    acct = account.acct if account.domain is not None else services.addresses.handle(account.username)
    return MentionLink(account.url or account.uri, account.username, acct)
