"""What a serving process does to stay small: `docs/decisions/0032-memory.md` has the figures.

The allocator's settings are glibc's, and letting go of libraries is Linux'. Elsewhere (musl, macOS) nothing happens.
"""

import asyncio
import ctypes
import gc
import mimetypes
import mmap
import re
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

# Numbers of <malloc.h>.
M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8
# A dozen threads wait for disk and signatures: with an arena each, they would keep a dozen sets of free pieces.
ARENAS: Final = 2
# glibc raises these two by itself when large blocks come and go, and then gives nothing back.
LARGE_BYTES: Final = 256 * 1024
SPARE_BYTES: Final = 1024 * 1024
TRIM_SECONDS: Final = 2.0
# Who used less CPU than this since the last trim has nothing to give back: an office where nobody is pays for none.
IDLE_SECONDS: Final = 0.02
# Objects made and not freed before the collector looks for circles among the young ones. With Python's 700, every
# other delivery pays for a look; with 10,000 every batch of inbound activities did, for what was all in use. What
# imports and start-up left is never looked at again.
YOUNG_OBJECTS: Final = 25_000
# A mapping of a file in /proc/PID/smaps: from, to, access, path, and how many KiB of it are no longer the file's.
_MAPPING: Final = re.compile(
    rb"^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ [1-9]\d* +(/.*)\n(?:[A-Z].*\n)*?Anonymous: +(\d+) kB$", re.MULTILINE
)
# One of a file that can't be written to, in /proc/PID/maps.
_READ_ONLY = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ .-.. \S+ \S+ [1-9]\d* +/.*$", re.MULTILINE)


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


@contextmanager
def without_trust_store() -> Iterator[None]:
    """Have TLS contexts that are made inside the block trust nobody: aiohttp reads all of the system's certificates
    when it is imported (2.5 MiB), for a context that no connection of ours uses (`HttpClient` makes its own)."""
    read: Any = ssl.SSLContext.load_default_certs
    ssl.SSLContext.load_default_certs = lambda *_: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        ssl.SSLContext.load_default_certs = read  # type: ignore[method-assign]


@contextmanager
def without_system_types() -> Iterator[None]:
    """Have the table of media types that is read inside the block be Python's own: aiohttp reads the system's when it
    is imported (some 2,000 lines where there is one), to guess what a file is. Our answers say it themselves."""
    known = mimetypes.knownfiles
    mimetypes.knownfiles = []
    try:
        yield
    finally:
        mimetypes.knownfiles = known


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
    seventh of the CPU of sending. What imports remember of the folders of libraries (0.3 MiB) is found again."""
    sys.path_importer_cache.clear()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    trim()


def trim() -> None:
    """Give the system back what was freed, and let go of libraries' pages; some 5 ms of CPU."""
    library = _libc()
    if library is not None:
        library.malloc_trim(0)
    let_go_of_libraries()


def let_go_of_libraries() -> None:
    """Take the pages of libraries out of this process: most were needed once, by its start.

    What is used again comes back from the system's copy of the file, 64 KiB at a touch and without the disk. The copy
    itself stays for as long as the system has room for it.
    """
    if sys.platform != "linux":
        return
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    with suppress(OSError):  # there is no /proc in some jails
        for start, end in _libraries.unchanged():
            advise(start, end - start, mmap.MADV_DONTNEED)


class Libraries:
    """Where libraries are mapped unchanged, as long as the same are.

    To write `smaps`, the kernel looks at every page (8 ms), for `maps` at none (1 ms). And what can't be written to
    gets no page of its own, so that what `smaps` has said holds for as long as `maps` has the same to say.
    """

    def __init__(self, process: Path = Path("/proc/self")) -> None:
        self._process = process
        self._mapped: list[bytes] = []
        self._unchanged: list[tuple[int, int]] = []

    def unchanged(self) -> list[tuple[int, int]]:
        """From and to where. Raises OSError where there is no /proc."""
        mapped = _READ_ONLY.findall((self._process / "maps").read_bytes())
        if mapped != self._mapped:
            self._unchanged = unchanged_libraries((self._process / "smaps").read_bytes())
            self._mapped = mapped
        return self._unchanged


_libraries = Libraries()


def unchanged_libraries(smaps: bytes) -> list[tuple[int, int]]:
    """Where libraries and programs are mapped as they are in their files: not to be written to, and without a page of
    our own, which would be lost. Other files aren't touched: who maps them may unmap them at any moment."""
    mappings = _MAPPING.findall(smaps)
    programs = {path for _, _, access, path, _ in mappings if b"x" in access}
    return [
        (int(start, 16), int(end, 16))
        for start, end, access, path, own in mappings
        if path in programs and b"w" not in access and own == b"0"
    ]


async def keep_trimmed(
    stop: asyncio.Event, *, give_back: Callable[[], Awaitable[None]], used: Callable[[], float] = time.process_time
) -> None:
    """Have caches give back what they can do without, and trim, every two seconds until `stop` is set, if anything was
    done: what a burst of work needed isn't kept for the next one. `used` are the seconds of CPU that we had."""
    before = used()
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), TRIM_SECONDS)
        if used() - before < IDLE_SECONDS:
            continue
        await give_back()
        gc.collect(1)  # the young ones: up to `YOUNG_OBJECTS` in circles wait for it, some MiB
        await asyncio.to_thread(trim)  # the loop goes on meanwhile
        before = used()


@cache
def _libc() -> ctypes.CDLL | None:
    """The C library of this process, if it is glibc."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
