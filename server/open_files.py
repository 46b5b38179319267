"""As many open files as the system lets this process have: connections to peers, of clients and of open streams.

A login and systemd give a process 1,024 and let it ask for more itself, because what uses `select` couldn't deal with
higher numbers. Nothing here does, and a thousand open streams alone would use them up.
"""

import resource
from typing import Final

import structlog

ENOUGH: Final = 65_536
FEW: Final = 4_096

log = structlog.get_logger(__name__)


def allow_open_files() -> int:
    """Raise the soft limit as far as is useful and allowed; returns it. Warns when it stays low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft != resource.RLIM_INFINITY and soft < FEW:
        log.warning("open_files.few", limit=soft, hint=f"set LimitNOFILE or ulimits to {FEW:,} or more")
    return soft
