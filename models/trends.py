"""What peers say is talked about at theirs: the newest document of each, checked and cut down (`federation.trends`)."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class PeerTrends(Base):
    """The counts of one peer: `counts` are `{"name": str, "day": "2026-11-28", "uses": int, "accounts": int}`."""

    __tablename__ = "peer_trends"

    domain: Mapped[str] = mapped_column(primary_key=True)
    published_at: Mapped[datetime]
    counts: Mapped[list[dict[str, Any]]]
    fetched_at: Mapped[datetime]
