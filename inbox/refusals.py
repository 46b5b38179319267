"""Why an activity was not accepted: said to the peer's administrator in a problem document (RFC 9457)."""

from dataclasses import dataclass


@dataclass
class InboxRefused(Exception):
    """`status` is the HTTP answer, `reason` a slug for logs and counters, `detail` a sentence that may be shown."""

    status: int
    reason: str
    detail: str
    retry_after_seconds: float | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.reason}: {self.detail}"
