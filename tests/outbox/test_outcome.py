"""What each answer means, and when to come back."""

from datetime import UTC, datetime, timedelta

import pytest

from federation.client import Response
from federation.client.errors import (
    AddressRefused,
    CertificateRefused,
    NameNotFound,
    RemoteError,
    RemoteTimeout,
    RemoteUnreachable,
    ResponseRefused,
)
from outbox.outcome import Verdict, classify, describe, next_due, refuses_signature

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=3)


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, "https://p.test/")


@pytest.mark.parametrize(
    ("verdict", "statuses"),
    [
        (Verdict.DONE, [200, 201, 202, 204]),
        (Verdict.GONE, [404, 410]),
        (Verdict.DEAD, [400, 403, 405, 406, 409, 413, 415, 422, 501]),
        (Verdict.RETRY, [301, 302, 307, 308, 401, 408, 425, 429, 500, 502, 503, 504]),
    ],
)
def test_each_status_has_one_meaning(verdict: Verdict, statuses: list[int]) -> None:
    assert {classify(answer(status), NOW).verdict for status in statuses} == {verdict}


@pytest.mark.parametrize("kind", [RemoteTimeout, RemoteUnreachable, NameNotFound, CertificateRefused, ResponseRefused])
def test_failures_of_the_network_are_tried_again_and_trouble_of_the_host(kind: type[RemoteError]) -> None:
    outcome = classify(kind("https://p.test/inbox", "no"), NOW)
    assert (outcome.verdict, outcome.is_host_trouble) == (Verdict.RETRY, True)


def test_an_address_that_we_refuse_is_never_tried_again() -> None:
    assert classify(AddressRefused("https://10.0.0.1/", "private"), NOW).verdict is Verdict.DEAD


def test_what_takes_somebody_to_repair_it_is_tried_seldom() -> None:
    often, seldom = classify(RemoteTimeout("u", "d"), NOW), classify(NameNotFound("u", "d"), NOW)
    first = next_due(often, attempts=1, now=NOW, deadline=LATER, jitter=0.5)
    assert first == NOW + timedelta(seconds=30)
    assert next_due(seldom, attempts=1, now=NOW, deadline=LATER, jitter=0.5) == NOW + timedelta(hours=1)


def test_only_a_host_that_fails_without_a_word_is_in_trouble() -> None:
    assert classify(answer(500), NOW).is_host_trouble
    assert not classify(answer(503, Retry_After="60"), NOW).is_host_trouble
    assert not classify(answer(429), NOW).is_host_trouble
    assert not classify(answer(401), NOW).is_host_trouble


@pytest.mark.parametrize("value", ["120", "Sun, 01 Mar 2026 12:02:00 GMT"])
def test_a_wish_of_the_host_is_respected_up_to_a_day(value: str) -> None:
    outcome = classify(answer(503, Retry_After=value), NOW)
    assert outcome.pauses_host
    assert next_due(outcome, attempts=9, now=NOW, deadline=LATER, jitter=0) == NOW + timedelta(seconds=120)
    endless = classify(answer(429, Retry_After="99999999"), NOW)
    assert next_due(endless, attempts=1, now=NOW, deadline=LATER, jitter=0) == NOW + timedelta(days=1)


def test_about_fifteen_attempts_fit_into_three_days() -> None:
    outcome, now, attempts = classify(answer(500), NOW), NOW, 1
    while (due := next_due(outcome, attempts=attempts, now=now, deadline=LATER, jitter=0.5)) is not None:
        now, attempts = due, attempts + 1
    assert now == LATER
    assert 12 <= attempts <= 18


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (answer(401), True),
        (answer(403), True),
        (answer(400, b'{"error":"Invalid Signature header"}'), True),
        (answer(400, b'{"error":"no such object"}'), False),
        (answer(404, b"signature"), False),
        (answer(202), False),
    ],
)
def test_which_answers_are_worth_another_signature(response: Response, expected: bool) -> None:
    assert refuses_signature(response) is expected


def test_what_a_host_says_is_kept_short_and_printable() -> None:
    text = describe(answer(422, b"\x1b[31mno\x00\r\n  way\xff" + b"x" * 5000))
    assert text.startswith("422 [31mno way")
    assert text.isprintable()
    assert len(text) <= 204
