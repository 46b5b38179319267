"""Files in a bucket that speaks S3 (the optional extra `tertulia[s3]`).

botocore signs and sends (decision 0010); it blocks, so every call runs in a thread of a small pool of its own. The
bucket stays private: files are read through us, with our headers.

On failure: StorageFailed, with the bucket's own word for it and never with the keys.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from content.storage import StorageFailed
from models.values import dataclass

_READ_BYTES = 262_144
_THREADS = 8
_SECONDS = 20
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """How to reach a bucket; `endpoint` is empty for AWS itself."""

    bucket: str
    region: str = "us-east-1"
    endpoint: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)


class BucketFile:
    """An object in the bucket."""

    path: Path | None = None

    def __init__(self, bucket: "BucketStorage", key: str, size_bytes: int) -> None:
        self._bucket = bucket
        self._key = key
        self.size_bytes = size_bytes

    async def read(self, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Its bytes from `start` on."""
        left = self.size_bytes - start if length is None else length
        if left <= 0:
            return
        body = await self._bucket.body(self._key, start, start + left - 1)
        try:
            while chunk := await self._bucket.call(lambda: body.read(_READ_BYTES)):
                yield chunk
        finally:
            body.close()


class BucketStorage:
    """Files as objects of one bucket."""

    def __init__(self, settings: BucketSettings) -> None:
        """Raises ImportError without botocore; connects on first use."""
        from botocore import session as botocore_session  # type: ignore[import-untyped]
        from botocore.config import Config  # type: ignore[import-untyped]
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        self._name = settings.bucket
        self._failures = (BotoCoreError, ClientError, OSError)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="bucket")
        self._client: Any = botocore_session.Session().create_client(
            "s3",
            region_name=settings.region,
            endpoint_url=settings.endpoint or None,
            aws_access_key_id=settings.access_key or None,
            aws_secret_access_key=settings.secret_key or None,
            config=Config(
                signature_version="s3v4",
                connect_timeout=_SECONDS,
                read_timeout=_SECONDS,
                retries={"max_attempts": 2},
                # Many servers that speak S3 have no names below their own, and don't know the newer checksums.
                s3={"addressing_style": "path" if settings.endpoint else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    async def add(self, key: str, path: Path, media_type: str) -> None:
        """Upload a file and remove the draft."""

        def put() -> None:
            with path.open("rb") as file:
                self._client.put_object(Bucket=self._name, Key=key, Body=file, ContentType=media_type)
            path.unlink(missing_ok=True)

        await self.call(put)

    async def find(self, key: str) -> BucketFile | None:
        """The object of a key."""
        try:
            head = await self.call(lambda: self._client.head_object(Bucket=self._name, Key=key))
        except StorageFailed as failed:
            answer = getattr(failed.__cause__, "response", {})
            if answer.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                return None
            raise
        return BucketFile(self, key, int(head["ContentLength"]))

    async def remove(self, keys: Iterable[str]) -> None:
        """Delete objects, one by one: not every server of this kind knows how to delete many."""
        for key in keys:
            await self.call(partial(self._client.delete_object, Bucket=self._name, Key=key))

    async def body(self, key: str, first: int, last: int) -> Any:
        """The bytes of an object from `first` to `last`, to be read in pieces."""
        found = await self.call(
            lambda: self._client.get_object(Bucket=self._name, Key=key, Range=f"bytes={first}-{last}")
        )
        return found["Body"]

    async def call(self, work: Callable[[], Result]) -> Result:
        """Run blocking work in a thread. Raises StorageFailed."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except self._failures as error:
            raise StorageFailed(f"the bucket {self._name} doesn't answer as it should: {error}") from error

    def close(self) -> None:
        """Let go of threads and connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()
