"""Whether the pages that a profile links to link back: then a link is shown as verified (`rel="me"`).

A job of its own, because it asks other servers: through the guarded client, a page at most 1 MiB and 5 seconds long,
https (plain http only where our own office is reached by it). What can't be had, or says nothing of us, is not
verified; nothing is tried again until the profile changes. Pages are read with one pass over their tags, in linear
time whatever they hold, and never run or shown.
"""

import asyncio
import re
from collections.abc import Iterator
from html import unescape
from typing import Any, Final

import structlog

from content.compose import find_entities
from federation.client import FetchBudget, RemoteError
from federation.services import Services
from jobs.queue import enqueue_job
from models import UnitOfWork
from models.accounts import Account
from outbox.profile import publish_account_update
from social.profiles import set_verified

VERIFY_LINKS: Final = "verify_links"
MAX_PAGE_BYTES: Final = 1_048_576
PAGE_SECONDS: Final = 5.0
ACCEPT: Final = "text/html, application/xhtml+xml;q=0.9"
_HTML_TYPES: Final = ("text/html", "application/xhtml+xml")
_TAG: Final = re.compile(r"<(?:a|link)\s([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(
    r"""(?<![\w-])(rel|href)\s{0,9}=\s{0,9}(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))""", re.IGNORECASE
)

log = structlog.get_logger(__name__)


async def queue_verification(unit: UnitOfWork, account: Account) -> None:
    """Have the links of a profile looked at that nobody has verified yet."""
    if any(_link_of(row) and not row.get("verified_at") for row in account.fields):
        await enqueue_job(unit, VERIFY_LINKS, {"account_id": account.id}, unique_key=f"{VERIFY_LINKS}:{account.id}")


async def verify_links(services: Services, payload: dict[str, Any]) -> None:
    """The job: fetch each link of a profile, mark those that lead back, and tell the followers."""
    async with services.database.reading() as session:
        account = await session.get(Account, int(payload["account_id"]))
    if account is None or not account.is_active:
        return
    own = {_normal(address) for address in (account.url or account.uri, account.uri)}
    sources = {row["source"]: link for row in account.fields if (link := _link_of(row)) is not None}
    found = {source: await _leads_to(services, link, own) for source, link in sources.items()}
    async with services.database.unit_of_work() as unit:
        current = await unit.session.get(Account, account.id)
        if current is not None and set_verified(current, found, at=_timestamp(unit)):
            await publish_account_update(services, unit, current)


def links_back(page: str, own: set[str]) -> bool:
    """Whether a page has an `a` or `link` with `rel="me"` to one of our addresses."""
    return any(_normal(href) in own for href in _me_links(page))


def _me_links(page: str) -> Iterator[str]:
    for tag in _TAG.finditer(_without_comments(page)):
        attributes = {
            name.lower(): unescape(quoted or single or bare)
            for name, quoted, single, bare in _ATTRIBUTE.findall(tag[1])
        }
        if "me" in attributes.get("rel", "").lower().split() and "href" in attributes:
            yield attributes["href"]


def _without_comments(page: str) -> str:
    """A comment can't vouch for anybody. What is never closed is a comment to the end, as for browsers."""
    kept, position = [], 0
    while (start := page.find("<!--", position)) >= 0:
        kept.append(page[position:start])
        end = page.find("-->", start + 4)
        if end < 0:
            return "".join(kept)
        position = end + 3
    return "".join([*kept, page[position:]])


async def _leads_to(services: Services, link: str, own: set[str]) -> bool:
    if not link.startswith(("https://", f"{services.addresses.scheme}://")):
        return False
    try:
        async with asyncio.timeout(PAGE_SECONDS):
            answer = await services.client.get(
                link, accept=ACCEPT, budget=FetchBudget(4), max_bytes=MAX_PAGE_BYTES
            )  # fmt: skip
    except (RemoteError, TimeoutError) as error:
        log.info("verified_links.unreachable", link=link, error=str(error))
        return False
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if answer.status != 200 or media_type not in _HTML_TYPES:
        return False
    return links_back(answer.body.decode("utf-8", "replace"), own)


def _link_of(row: dict[str, Any]) -> str | None:
    """The address, when a row of the table is nothing but one."""
    source = row.get("source", "")
    links = find_entities(source).links
    return links[0] if len(links) == 1 and links[0] == source else None


def _normal(address: str) -> str:
    return address.strip().rstrip("/").lower()


def _timestamp(unit: UnitOfWork) -> str:
    return unit.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
