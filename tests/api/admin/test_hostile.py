"""Nonsense in every administration endpoint: refused, never a failure."""

from typing import Any

from api.routes import endpoints
from tests.api.admin.conftest import Staff

HUGE = 2**63 - 1
BODIES: tuple[Any, ...] = (
    {},
    {"type": ["suspend"], "keys": {"a": "b"}, "domain": {"x": 1}, "start_at": 5, "end_at": [], "category": 7},
    {"type": "suspend", "report_id": HUGE, "text": "\u202e" * 50, "rule_ids": [HUGE], "domain": "ñ" * 290},
    {"keys": ["tag_uses", "instance_accounts", "instance_media_attachments", "tag_servers", "instance_languages"],
     "start_at": "2026-01-01", "end_at": "2026-12-31", "tag_uses": {"id": HUGE}, "tag_servers": {"id": "0"},
     "instance_accounts": {"domain": "%_\\", "include_subdomains": "yes"}, "instance_languages": {"domain": "a_b%.x"},
     "instance_media_attachments": {"domain": "a.example", "include_subdomains": True}},
    {"start_at": "0001-01-01T00:00:00+14:00", "end_at": "9999-12-31T23:59:59-14:00", "keys": [""],
     "domain": "[::1]:99999"},
    {"domain": "a\u0000b", "type": "\u0000"},
    {"domain": "xn--", "severity": "suspend", "public_comment": "x" * 2000},
)  # fmt: skip
QUERIES = (
    f"limit=-5&max_id={HUGE}&min_id=0&since_id=1&username=%25_%5C&email=%27%3B--&by_domain=[&ip=::1&role_ids[]=1",
    "limit=x&status=active&origin=local&permissions=staff&display_name=%F0%9F%98%80",
    f"offset={HUGE}&resolved=yes&account_id=1&target_account_id={HUGE}&by_target_domain=%25&local=1&remote=1&pending=on",
)


async def test_nonsense_is_never_a_failure(staff: Staff) -> None:
    api = staff.as_admin
    for one in endpoints():
        if "/admin/" not in one.path:
            continue
        for number in (str(staff.moderator.id), "%00"):
            if "{id}" not in one.path and number != "%00":
                continue
            path = one.path.replace("{id}", number)
            for query in QUERIES if one.method == "GET" else ("",):
                for body in (None,) if one.method == "GET" else BODIES:
                    answer = await api.call(one.method, f"{path}?{query}", body)
                    assert answer.status < 429, f"{one.method} {path}?{query} {body} {answer.body!r}"
