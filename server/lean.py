"""What a serving process does to stay small: `docs/decisions/0032-memory.md` has the figures.

The allocator's settings are glibc's. Elsewhere (musl, macOS) there is nothing to set, and nothing happens.
"""

import asyncio
import ctypes
import gc
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Final

# Numbers of <malloc.h>.
M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8
# A dozen threads wait for disk and signatures: with an arena each, they would keep a dozen sets of free pieces.
ARENAS: Final = 2
# glibc raises these two by itself when large blocks come and go, and then gives nothing back.
LARGE_BYTES: Final = 256 * 1024
SPARE_BYTES: Final = 1024 * 1024
TRIM_SECONDS: Final = 60.0
# Objects made and not freed before the collector looks for circles among the young ones. With Python's 700, every
# other delivery pays for a look; what imports and start-up left is never looked at again.
YOUNG_OBJECTS: Final = 10_000


@contextmanager
def absent(package: str) -> Iterator[None]:
    """Have imports of a package fail inside the block, unless it was imported before."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # how Python notes that a module can't be imported
    try:
        yield
    finally:
        del sys.modules[package]


def set_allocator() -> None:
    """Have glibc keep less of what was freed. Before any thread starts."""
    library = _libc()
    if library is not None:
        for name, value in (
            (M_ARENA_MAX, ARENAS),
            (M_MMAP_THRESHOLD, LARGE_BYTES),
            (M_TRIM_THRESHOLD, SPARE_BYTES),
        ):
            library.mallopt(name, value)


def settle() -> None:
    """When everything is loaded: what is there now stays. To look at it again and again costs the collector about a
    seventh of the CPU of sending."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    trim()


def trim() -> None:
    """Give the system back what was freed; milliseconds."""
    library = _libc()
    if library is not None:
        library.malloc_trim(0)


async def keep_trimmed(stop: asyncio.Event, *, give_back: Callable[[], Awaitable[None]]) -> None:
    """Have caches give back what they can do without, and trim, every minute until `stop` is set: what a burst of work
    needed isn't kept for the next one."""
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), TRIM_SECONDS)
        await give_back()
        trim()


@cache
def _libc() -> ctypes.CDLL | None:
    """The C library of this process, if it is glibc."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
