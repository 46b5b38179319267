"""Lists that people bring along from another server, on their way from a file to the graph."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class AccountImport(Base):
    """A CSV file that somebody brought: `rows` as they were read, of which the first `position` are done.

    `kind` is follows, blocks, mutes, domain_blocks, lists or bookmarks; `mode` is merge or overwrite; `failures` are
    `{"row": number, "text": what it said, "reason": why}`; `state` is queued, running or finished.
    """

    __tablename__ = "account_imports"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    mode: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    rows: Mapped[list[Any]]
    total: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)
    succeeded: Mapped[int] = mapped_column(default=0)
    failures: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
