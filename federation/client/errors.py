"""What can go wrong between us and another server: one tree, raised by `federation.client` and nothing else.

Every error carries `url` (the hop that failed, in normal form where it had one) and `detail` (a sentence for the log;
nothing in it comes from a response body). `is_permanent` says that the same request would fail again in an hour:
delivery doesn't repeat it, or repeats it seldom.
"""

from typing import ClassVar


class RemoteError(Exception):
    """A request to another server did not lead to a response."""

    is_permanent: ClassVar[bool] = False

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(f"{url}: {detail}" if url else detail)
        self.url = url
        self.detail = detail


class AddressRefused(RemoteError):
    """The URL, or an address behind its name, is none that we talk to. Nothing was connected."""

    is_permanent = True


class TooManyRedirects(RemoteError):
    """More than three redirects, or a loop."""

    is_permanent = True


class ResponseTooLarge(RemoteError):
    """The body exceeds the cap, counted after decompression; reading stopped there."""

    is_permanent = True


class ResponseRefused(RemoteError):
    """What came back is no HTTP response that we can read (framing, oversized headers, unknown or broken coding)."""


class RemoteTimeout(RemoteError):
    """No connection within the connect time, or no complete response within the total time."""


class RemoteUnreachable(RemoteError):
    """The connection failed, or ended before the response did."""


class NameNotFound(RemoteUnreachable):
    """DNS says with authority that the name does not exist or has no address."""

    is_permanent = True


class CertificateRefused(RemoteUnreachable):
    """TLS: the certificate is not valid for the name, is expired, or nobody we trust signed it."""

    is_permanent = True


class BudgetExhausted(RemoteError):
    """The activity that made us ask has used up the requests that one activity may cause."""

    is_permanent = True
