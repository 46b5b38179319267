"""What the entities of some statuses are made from: rows by id, and what the viewer has to do with them."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from api.call import Api, Json
from api.entities.account import account_entity
from models.accounts import Account
from models.values import dataclass
from policy.filters import ActiveFilter


@dataclass(slots=True)
class Marks:
    """What the viewer did to the statuses of a page, and whom of their authors they follow."""

    favourites: set[int] = field(default_factory=set)
    boosts: set[int] = field(default_factory=set)
    bookmarks: set[int] = field(default_factory=set)
    muted_conversations: set[int] = field(default_factory=set)
    follows: set[int] = field(default_factory=set)
    votes: dict[int, list[int]] = field(default_factory=dict)


@dataclass(slots=True)
class StatusPage:
    """Everything that the entities of some statuses need, by id."""

    viewer: Account | None
    now: datetime
    is_evidence: bool = False
    is_moderated: bool = False
    statuses: dict[int, Any] = field(default_factory=dict)
    accounts: dict[int, Any] = field(default_factory=dict)
    attachments: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    mentions: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    tags: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    polls: Mapping[int, Any] = field(default_factory=dict)
    cards: Mapping[int, Any] = field(default_factory=dict)
    applications: Mapping[int, Any] = field(default_factory=dict)
    communities: Mapping[int, Any] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)
    filters: Sequence[ActiveFilter] = ()
    # The entities of accounts, made once a page.
    account_entities: dict[int, Json] = field(default_factory=dict)

    def account(self, account_id: int, api: Api) -> Json:
        """The entity of an account of the page."""
        entity = self.account_entities.get(account_id)
        if entity is None:
            entity = self.account_entities[account_id] = account_entity(self.accounts[account_id], api)
        return entity
