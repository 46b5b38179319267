"""Tables, sessions and the unit of work: what Tertulia remembers.

Importing the package registers every table with `models.base.Base.metadata`.
"""

from models import (
    accounts,
    activities,
    communities,
    feeds,
    filters,
    imports,
    oauth,
    office,
    peers,
    relations,
    search,
    statuses,
    sync,
    topics,
    trends,
)
from models.database import Database
from models.unit_of_work import UnitOfWork

__all__ = [
    "Database",
    "UnitOfWork",
    "accounts",
    "activities",
    "communities",
    "feeds",
    "filters",
    "imports",
    "oauth",
    "office",
    "peers",
    "relations",
    "search",
    "statuses",
    "sync",
    "topics",
    "trends",
]
