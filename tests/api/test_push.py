"""Web Push from the subscription to the message that an app decodes, with a push service of our own on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import http_ece
import orjson
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from access.tokens import create_token
from api.answers.notifications import SubscriptionEntity
from keys.web_push import encode
from models.accounts import User
from models.activities import Job
from models.oauth import AccessToken, PushSubscription
from tests.api.contract import check
from tests.api.counting import counted
from tests.api.test_notifications import act, post
from tests.conftest import Clock
from tests.keys.test_web_push import decode
from tests.peers import Client, Office, Person

PATH = "/api/v1/push/subscription"
AUTH = b"sixteen bytes ok"


@dataclass
class PushService:
    """What a browser vendor runs: it takes what it is given, or refuses as told."""

    origin: str = ""
    answer: int = 201
    received: list[tuple[Any, bytes]] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    async def take(self, request: web.Request) -> web.Response:
        self.received.append((request.headers.copy(), await request.read()))
        return web.Response(status=self.answer)

    @property
    def endpoint(self) -> str:
        return f"{self.origin}/push/one"

    @property
    def p256dh(self) -> str:
        return encode(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def asked(self, *, alerts: dict[str, bool], **more: Any) -> dict[str, Any]:
        """The body of a subscription."""
        subscription = {"endpoint": self.endpoint, "keys": {"p256dh": self.p256dh, "auth": encode(AUTH)}}
        is_standard = more.pop("standard", True)
        return {"subscription": {**subscription, "standard": is_standard}, "data": {"alerts": alerts, **more}}

    def read(self, number: int = -1) -> dict[str, Any]:
        """A message as the app decodes it."""
        headers, body = self.received[number]
        known = {"version": "aes128gcm"}
        if headers["Content-Encoding"] == "aesgcm":
            fields = dict(part.split("=", 1) for part in headers["Crypto-Key"].split(";"))
            salt = decode(headers["Encryption"].removeprefix("salt="))
            known = {"version": "aesgcm", "salt": salt, "dh": decode(fields["dh"])}
        return dict(orjson.loads(http_ece.decrypt(body, private_key=self.key, auth_secret=AUTH, **known)))


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    """Run one until the block ends."""
    made = PushService()
    app = web.Application()
    app.router.add_post("/push/one", made.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as made:
        yield made


async def rows(office: Office, table: Any) -> list[Any]:
    async with office.services.database.reading() as session:
        return list(await session.scalars(select(table)))


async def mention(office: Office, sender: Person, name: str = "ana") -> None:
    await post(office.api(sender), f"@{name} hello <world>")
    await office.run_until_idle()


@pytest.mark.parametrize("is_standard", [True, False])
async def test_an_app_decodes_what_was_told(office: Office, service: PushService, is_standard: bool) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben", display_name="Ben B.")
    of_ana = office.api(ana)
    wanted = service.asked(alerts={"mention": True, "favourite": False}, standard=is_standard)
    made = check(SubscriptionEntity, (await of_ana.post(PATH, wanted)).json())
    assert made["alerts"]["mention"] is True
    assert made["alerts"]["follow"] is made["alerts"]["favourite"] is False
    assert made["server_key"] == office.services.push.public_key
    assert made["id"] < 2**31  # Android and Tusky read it as a 32-bit integer
    status_id = await post(of_ana, "Mine")
    await act(office.api(ben), f"/api/v1/statuses/{status_id}/favourite")
    await mention(office, ben)
    assert len(service.received) == 1
    headers = service.received[0][0]
    assert (headers["TTL"], headers["Urgency"]) == ("172800", "high")
    message = service.read()
    told = (await of_ana.get("/api/v1/notifications", types=["mention"])).json()[0]
    assert message == {
        "access_token": ana.token,
        "preferred_locale": "en",
        "notification_id": int(told["id"]),
        "notification_type": "mention",
        "icon": told["account"]["avatar"],
        "title": "Ben B. mentioned you",
        "body": message["body"],
    }
    assert "hello <world>" in message["body"]
    assert message["notification_id"] < 2**53
    verify(headers, service, office)


def verify(headers: Any, service: PushService, office: Office) -> None:
    """The token is the office's, for this service."""
    token = headers["Authorization"].removeprefix("WebPush ").removeprefix("vapid t=").partition(",")[0]
    signed, _, signature = token.rpartition(".")
    raw = decode(signature)
    public = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), decode(office.services.push.public_key)
    )  # fmt: skip
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    assert orjson.loads(decode(signed.split(".")[1]))["aud"] == service.origin


async def test_a_subscription_is_read_changed_replaced_and_ended(office: Office, service: PushService) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    of_ana = office.api(ana)
    absent = await of_ana.get(PATH)
    assert (absent.status, absent.json()) == (404, {"error": "Record not found"})
    assert (await of_ana.put(PATH, {"data": {"alerts": {"follow": True}}})).status == 404
    form = {
        "subscription[endpoint]": service.endpoint,
        "subscription[keys][p256dh]": service.p256dh,
        "subscription[keys][auth]": encode(AUTH),
        "subscription[standard]": "true",
        "data[alerts][mention]": "true",
        "data[alerts][admin.report]": "1",
        "data[policy]": "followed",
    }
    encoded = "&".join(f"{name}={value}" for name, value in form.items()).encode()
    made = await of_ana.post(PATH, encoded, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert made.status == 200, made.body
    assert check(SubscriptionEntity, made.json())["policy"] == "followed"
    assert made.json()["alerts"]["admin.report"] is True
    assert (await of_ana.get(PATH)).json() == made.json()
    await mention(office, ben)
    assert service.received == []  # ana doesn't follow ben
    changed = check(SubscriptionEntity, (await of_ana.put(PATH, {"data": {"alerts": {"mention": True}}})).json())
    assert (changed["policy"], changed["alerts"]["admin.report"]) == ("all", False)
    await mention(office, ben)
    assert len(service.received) == 1
    assert (await of_ana.post(PATH, service.asked(alerts={"follow": True}))).status == 200
    assert len(await rows(office, PushSubscription)) == 1
    await mention(office, ben)
    assert len(service.received) == 1
    assert (await of_ana.delete(PATH)).json() == {}
    assert (await of_ana.delete(PATH)).status == 200
    assert (await of_ana.get(PATH)).status == 404


async def test_each_token_has_its_own_subscription_and_needs_the_scope(office: Office, service: PushService) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    async with office.services.database.unit_of_work() as unit:
        user = (await unit.session.scalars(select(User).where(User.account_id == ana.id))).one()
        second, weak = create_token(unit, user, "read write push"), create_token(unit, user, "read write")
    for token in (ana.token, second):
        assert (await office.api(token).post(PATH, service.asked(alerts={"mention": True}))).status == 200
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert (await office.api(weak).call(method, PATH, service.asked(alerts={}))).status == 403
    await mention(office, ben)
    assert sorted(service.read(number)["access_token"] for number in (0, 1)) == sorted([ana.token, second])
    assert await office.api(second).delete(PATH)
    await mention(office, ben)
    assert len(service.received) == 3
    # The database alone doesn't give a token away.
    (stored,) = await rows(office, PushSubscription)
    assert ana.token.encode() not in stored.token_sealed


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("endpoint", "http://10.0.0.1/push"),
        ("endpoint", "https://169.254.169.254/latest"),
        ("endpoint", "https://[::1]/push"),
        ("endpoint", "https://user:secret@push.example/"),
        ("endpoint", "ftp://push.example/"),
        ("endpoint", "javascript:alert(1)"),
        ("endpoint", "https://push.example/" + "a" * 3_000),
        ("p256dh", encode(b"\x04" + b"\x01" * 64)),
        ("p256dh", "A" * 5_000),
        ("p256dh", ["a"]),
        ("auth", encode(b"short")),
        ("auth", "\u0000"),
        ("auth", None),
    ],
)
async def test_what_cannot_be_pushed_to_is_refused(office: Office, service: PushService, part: str, value: Any) -> None:
    of_ana = office.api(await office.create_person("ana"))
    asked = service.asked(alerts={"mention": True})
    target = asked["subscription"] if part == "endpoint" else asked["subscription"]["keys"]
    target[part] = value
    answer = await of_ana.post(PATH, asked)
    assert answer.status == 422, answer.body
    assert (await of_ana.get(PATH)).status == 404


async def test_a_name_that_leads_into_our_network_ends_the_subscription(office: Office, service: PushService) -> None:
    """The address is looked at where the connection is made: what a name meant at first doesn't count."""
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    await office.api(ana).post(PATH, service.asked(alerts={"mention": True}))
    async with office.services.database.unit_of_work() as unit:
        stored = (await unit.session.scalars(select(PushSubscription))).one()
        stored.endpoint = "https://192.168.0.1/push"
    await mention(office, ben)
    assert service.received == []
    assert await rows(office, PushSubscription) == []


@pytest.mark.parametrize(("status", "is_kept"), [(404, False), (410, False), (403, False), (429, True), (503, True)])
async def test_a_service_that_refuses_ends_it_and_one_in_trouble_is_asked_again(
    office: Office, service: PushService, clock: Clock, status: int, is_kept: bool
) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    await office.api(ana).post(PATH, service.asked(alerts={"mention": True}))
    service.answer = status
    await mention(office, ben)
    assert len(service.received) == 1
    assert (len(await rows(office, PushSubscription)) == 1) is is_kept
    service.answer = 201
    clock.advance(minutes=1)
    await office.run_until_idle()
    assert len(service.received) == (2 if is_kept else 1)
    if is_kept:  # after two days nobody wants it any more
        service.answer = 503
        await mention(office, ben)
        clock.advance(days=3)
        await office.run_until_idle()
        assert len(service.received) == 3
        assert {job.state for job in await rows(office, Job) if job.kind == "push"} == {"done"}


async def test_what_was_taken_back_or_signed_out_is_not_sent(office: Office, service: PushService) -> None:
    ana, ben = await office.create_person("ana"), await office.create_person("ben")
    await office.api(ana).post(PATH, service.asked(alerts={"mention": True}))
    status_id = await post(office.api(ben), "@ana oops")
    assert (await office.api(ben).delete(f"/api/v1/statuses/{status_id}")).status == 200
    await office.run_until_idle()
    await post(office.api(ben), "@ana too late")
    async with office.services.database.unit_of_work() as unit:
        for token in await unit.session.scalars(select(AccessToken)):
            token.revoked_at = unit.now
    await office.run_until_idle()
    assert service.received == []


async def test_many_are_pushed_to_with_as_many_statements_as_one(office: Office, service: PushService) -> None:
    people = [await office.create_person(f"person{number}") for number in range(8)]
    writer = await office.create_person("writer")
    for person in people:
        await office.api(person).post(PATH, service.asked(alerts={"mention": True}))
    costs = []
    for mentioned in (people[:1], people[:1], people):
        with counted(office) as statements:
            await post(office.api(writer), " ".join(f"@{person.name}" for person in mentioned))
        costs.append(len([one for one in statements if "push_subscriptions" in one or "INTO jobs" in one]))
    assert costs[1] == costs[2] == 3  # facts, subscriptions, jobs
    await office.run_until_idle()
    assert len(service.received) == 10


async def test_the_office_shows_its_key_and_keeps_it(office: Office) -> None:
    key = office.services.push.public_key
    assert len(decode(key)) == 65
    shown = (await Client(office, None).get("/api/v2/instance")).json()
    assert shown["configuration"]["vapid"]["public_key"] == key
