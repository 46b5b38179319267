"""Why something that a client posted is not done: one error with the HTTP status to answer."""


class ClientRefused(Exception):
    """`status` is the HTTP status, `reason` a slug for programs, `detail` a sentence for the person who posted."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(f"{status} {reason}: {detail}")
        self.status = status
        self.reason = reason
        self.detail = detail


def malformed(detail: str) -> ClientRefused:
    """400: it says nothing that could be done."""
    return ClientRefused(400, "malformed", detail)


def forbidden(detail: str) -> ClientRefused:
    """403: it is not the owner's to do."""
    return ClientRefused(403, "forbidden", detail)


def unknown(what: str) -> ClientRefused:
    """404: what it is about isn't there, or is not for the owner's eyes."""
    return ClientRefused(404, "unknown", f"{what} doesn't exist, or can't be seen from here.")
