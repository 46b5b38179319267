"""The instances that an administrator knows by name, and what was decided about each."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Peer(Base):
    """A peer: `state` is `confirmed` (may read and write), `suspended` (for now not) or `ended`.

    `domain` is normalised as `policy.domains` does it; in an open network a peer without a row may write too, and a
    suspended or ended one is blocked.
    """

    __tablename__ = "peers"

    domain: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    id: Mapped[int | None] = mapped_column(unique=True)
    note: Mapped[str] = mapped_column(default="")
    public_comment: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
