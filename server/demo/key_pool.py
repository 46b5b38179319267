"""RSA keys made ahead: a dozen actors would otherwise wait for theirs one after the other."""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue

from keys.keypairs import PrivateKey, generate_rsa


class KeyPool:
    """Makes `count` RSA keys on every core from the moment on that it exists. Finding primes releases the GIL."""

    def __init__(self, count: int) -> None:
        self._threads = ThreadPoolExecutor(os.cpu_count() or 2, thread_name_prefix="keys")
        self._made: SimpleQueue[Future[PrivateKey]] = SimpleQueue()
        for _ in range(count):
            self._made.put(self._threads.submit(generate_rsa))

    def take(self) -> PrivateKey:
        """A key that nobody else gets. Waits for it, so call this in a thread; makes one when none is left."""
        try:
            return self._made.get_nowait().result()
        except Empty:
            return generate_rsa()

    def close(self) -> None:
        """Forget the keys that nobody took; one that is being made is finished in the background."""
        self._threads.shutdown(wait=False, cancel_futures=True)
