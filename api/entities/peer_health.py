"""How a peer is, as administrators see it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from api.call import Json
from api.times import timestamp
from inbox.peer_health import PeerHealth, verdict
from inbox.sync.figures import SyncFigures


def peer_health_entity(health: PeerHealth, sync: SyncFigures, now: datetime) -> Json:
    """Our own `PeerHealth` entity."""
    figures = _shown(asdict(sync))
    del figures["host"]
    return {**_shown(asdict(health)), "verdict": verdict(health, sync, now), "sync": figures}


def _shown(values: dict[str, Any]) -> Json:
    return {name: timestamp(value) if isinstance(value, datetime) else value for name, value in values.items()}
