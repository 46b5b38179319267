"""Answers and refusals of the reading side, without any HTTP library: `federation.routes` turns them into responses.

An Answer is bytes with their type and headers. A ReadRefused carries what the reader's administrator may know; absent
and forbidden look alike (404), and where only peers may read, strangers hear 401 before anything is looked up.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Final

import orjson

from federation.json_ld.strict_json import JsonObject
from federation.serving.negotiation import ACTIVITY_JSON, cache_control
from models.proofs import Proof
from models.values import dataclass

PROBLEM_JSON: Final = "application/problem+json"
_TITLES: Final = {
    400: "The request can't be read",
    401: "A valid signature is needed",
    403: "This server does not exchange anything with yours",
    404: "There is nothing here for you",
    410: "This is gone",
    429: "Too many requests",
    503: "Later, please",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; `is_for_everybody` says whether caches may give it to others.

    `proof` is there if what it says is all that the answer follows from, for who shows no proof of who they are.
    """

    body: bytes
    content_type: str = ACTIVITY_JSON
    status: int = 200
    is_for_everybody: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    proof: Proof | None = None


class ReadRefused(Exception):
    """`status` is the HTTP status, `reason` a slug for logs, `detail` a sentence that may be shown."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(f"{status} {reason}: {detail}")
        self.status = status
        self.reason = reason
        self.detail = detail


def not_found() -> ReadRefused:
    """The one refusal for what isn't there and for what is nobody's business."""
    return ReadRefused(404, "not-found", "Nothing is published under this address, or not for you.")


def document_answer(document: JsonObject, *, is_for_everybody: bool, status: int = 200) -> Answer:
    """A document as JSON."""
    return Answer(orjson.dumps(document), status=status, is_for_everybody=is_for_everybody)


def problem_answer(refused: ReadRefused) -> Answer:
    """A refusal as a problem document (RFC 9457)."""
    document = {
        "type": "about:blank",
        "title": _TITLES.get(refused.status, "Refused"),
        "status": refused.status,
        "detail": refused.detail,
        "reason": refused.reason,
    }
    headers = {"WWW-Authenticate": "Signature"} if refused.status == 401 else {}
    return Answer(orjson.dumps(document), PROBLEM_JSON, refused.status, headers=headers)


def cache_header(answer: Answer, seconds: int = 180) -> str:
    """Its Cache-Control."""
    return cache_control(is_for_everybody=answer.is_for_everybody, seconds=seconds)
