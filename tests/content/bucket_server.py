"""A small server that speaks S3: it keeps objects in memory and believes only signatures that botocore agrees with."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from content.bucket import BucketSettings

_AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=(\w+)/\d+/([\w-]+)/s3/aws4_request, SignedHeaders=(\S+), "
                            r"Signature=(\w+)")  # fmt: skip


class BucketServer:
    """`objects` by path; `fails` makes it answer 503; `refused` counts requests with a wrong signature."""

    access_key = "AKEXAMPLE"
    secret_key = "not-a-real-secret"

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.fails = False
        self.refused = 0
        self.origin = ""

    def settings(self, secret_key: str | None = None) -> BucketSettings:
        return BucketSettings("office-files", "eu-test-1", self.origin, self.access_key, secret_key or self.secret_key)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self.fails:
            return web.Response(status=503)
        if not self._is_signed(request):
            self.refused += 1
            return web.Response(status=403, text="<Error><Code>SignatureDoesNotMatch</Code></Error>")
        path = request.path
        if request.method == "PUT":
            self.objects[path] = (body, request.headers["Content-Type"])
            return web.Response(headers={"ETag": '"x"'})
        if request.method == "DELETE":
            self.objects.pop(path, None)
            return web.Response(status=204)
        if path not in self.objects:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        data, content_type = self.objects[path]
        asked = request.http_range
        if asked.start is not None or asked.stop is not None:
            return web.Response(status=206, body=data[asked], content_type=content_type)
        return web.Response(body=data, content_type=content_type)

    def _is_signed(self, request: web.Request) -> bool:
        found = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        if found is None or found[1] != self.access_key:
            return False
        headers = {name: request.headers[name] for name in found[3].split(";")}
        again = AWSRequest(request.method, f"{self.origin}{request.path_qs}", headers=headers)
        again.context["timestamp"] = request.headers["X-Amz-Date"]
        signer = S3SigV4Auth(Credentials(self.access_key, self.secret_key), "s3", found[2])
        text = signer.string_to_sign(again, signer.canonical_request(again))
        return bool(signer.signature(text, again) == found[4])


@asynccontextmanager
async def bucket_server() -> AsyncIterator[BucketServer]:
    made = BucketServer()
    app = web.Application(client_max_size=64 * 1_048_576)
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()
