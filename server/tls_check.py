"""A server's name and certificate, as a stranger meets them: does DNS know it, is the certificate right and young?

Nothing is sent but the greeting of TLS. Plain http (test networks on loopback) has no certificate to look at.
"""

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import Final

from federation.client.name_resolution import NoSuchName, SystemResolver, is_loopback_name
from models.values import dataclass
from server.setting_kinds import split_host_port

TIMEOUT_SECONDS: Final = 8.0
RENEWAL_IS_LATE: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Door:
    """What was found at a name: `problem` is a sentence with what to do, None when all is well."""

    problem: str | None = None
    valid_until: datetime | None = None

    def soon(self, now: datetime) -> bool:
        """Whether the certificate ends within days: whatever renews it doesn't."""
        return self.valid_until is not None and self.valid_until - now < RENEWAL_IS_LATE


async def look_at(domain: str, *, is_plain: bool, context: ssl.SSLContext | None = None) -> Door:
    """Ask DNS for `host` or `host:port`, and look at the certificate there unless it speaks plain http."""
    host, port = split_host_port(domain)
    problem = await _dns_problem(host, int(port or 443))
    if problem is not None or is_plain:
        return Door(problem)
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            _, writer = await asyncio.open_connection(
                host, int(port or 443), ssl=context or ssl.create_default_context(), server_hostname=host
            )
            valid_until = _end_of(writer.get_extra_info("peercert"))
            writer.close()
    except ssl.SSLCertVerificationError as error:
        return Door(f"The certificate of {host} is refused ({error.verify_message}): renew it, for this very name.")
    except (OSError, TimeoutError) as error:
        reason = str(error) or "no answer in time"
        return Door(
            f"Nothing speaks TLS at {domain} ({reason}): check that it runs and that the firewall lets it through."
        )
    return Door(valid_until=valid_until)


async def _dns_problem(host: str, port: int) -> str | None:
    if is_loopback_name(host):
        return None
    resolve = SystemResolver()
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await resolve(host, port)
    except NoSuchName:
        return f"DNS knows no address of {host}: its zone needs an A or AAAA record."
    except (socket.gaierror, OSError, TimeoutError) as error:
        return f"DNS doesn't answer for {host} ({error or 'no answer in time'}): check the resolver of this machine."
    finally:
        resolve.close()
    return None


def _end_of(certificate: dict[str, str] | None) -> datetime | None:
    text = (certificate or {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC) if text else None
