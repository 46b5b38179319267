"""A place that a ZIP is written to while it is sent: what was written can be taken, nothing is kept or read again."""

import io


class Outflow(io.RawIOBase):
    """Not seekable, so that `zipfile` puts sizes behind the data."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        """What has been written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
