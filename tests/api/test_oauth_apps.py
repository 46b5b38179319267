"""Clients that register themselves, in every way that real ones do it."""

from typing import Any
from urllib.parse import quote, urlencode

from api.answers.oauth import ApplicationEntity, CredentialApplicationEntity, ServerMetadataEntity
from tests.api.contract import check
from tests.api.oauth import FORM, register
from tests.peers import Office

WANTED = {"client_name": "IceCubesApp", "redirect_uris": "icecubesapp://", "scopes": "read write follow push"}
MULTIPART = b"".join(
    b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value.encode())
    for name, value in WANTED.items()
)
REDIRECTS = [
    "icecubesapp://",
    "com.tapbots.Ivory.10217:/request_token",
    "mastodon-android-auth://callback",
    "oauth2redirect://com.keylesspalace.tusky/",
    "urn:ietf:wg:oauth:2.0:oob",
    "http://127.0.0.1:4173",
    "http://[::1]:4173/",
    "https://elk.zone/api/madrid.example/oauth/http%3A%2F%2F127.0.0.1%3A5314",
]


async def test_a_client_registers_in_every_form(office: Office) -> None:
    ways: tuple[tuple[str, Any, str], ...] = (
        ("", WANTED, "application/json"),
        ("", urlencode(WANTED).encode(), FORM),
        ("", MULTIPART + b"--x--\r\n", "multipart/form-data; boundary=x"),
        (f"?{urlencode(WANTED)}", None, ""),
    )
    for query, body, kind in ways:
        headers = {"Content-Type": kind} if kind else None
        answer = await office.request("POST", f"/api/v1/apps{query}", body, headers=headers)
        assert answer.status == 200, answer.text
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        found = check(CredentialApplicationEntity, answer.json)
        assert (found["name"], found["redirect_uris"]) == ("IceCubesApp", ["icecubesapp://"])
        assert found["redirect_uri"] == "icecubesapp://"
        assert found["scopes"] == ["read", "write", "follow", "push"]
        assert (found["website"], found["client_secret_expires_at"]) == (None, 0)


async def test_redirect_addresses_are_kept_as_they_are(office: Office) -> None:
    for given in (REDIRECTS, "\n".join(REDIRECTS)):
        client = await register(office, redirect_uris=given)
        assert client.credentials["redirect_uris"] == REDIRECTS
        assert client.credentials["redirect_uri"] == "\n".join(REDIRECTS)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris"),
    ({"redirect_uris": "JavaScript:alert(1)"}, "redirect_uris"),
    ({"redirect_uris": "data:text/html,x"}, "redirect_uris"),
    ({"redirect_uris": "/relative"}, "redirect_uris"),
    ({"redirect_uris": "//evil.example/"}, "redirect_uris"),
    ({"redirect_uris": "https://x.example/\x1b[31m"}, "redirect_uris"),
    ({"redirect_uris": ""}, "redirect_uris"),
    ({"redirect_uris": []}, "redirect_uris"),
    ({"redirect_uris": "https://x.example/" + "x" * 2000}, "redirect_uris"),
    ({"client_name": ""}, "client_name"),
    ({"client_name": "x" * 61}, "client_name"),
    ({"client_name": "\u202e"}, "client_name"),
    ({"scopes": "read fly"}, "scopes"),
    ({"website": "javascript:alert(1)"}, "website"),
    ({"website": "not an address"}, "website"),
]


async def test_what_can_not_be_registered_is_refused_with_its_field(office: Office) -> None:
    for wrong, field in REFUSED:
        answer = await office.request("POST", "/api/v1/apps", {**WANTED, **wrong})
        assert answer.status == 422, (wrong, answer.text)
        assert list(answer.json["details"]) == [field]
        assert answer.json["error"].startswith("Validation failed")


async def test_an_application_knows_itself_by_its_token(office: Office) -> None:
    client = await register(office, website="https://klient.example/")
    token = (await client.token(grant_type="client_credentials", scope="read")).json["access_token"]
    answer = await office.api(token).get("/api/v1/apps/verify_credentials")
    found = check(ApplicationEntity, answer.json())
    assert (found["name"], found["website"]) == ("Klient", "https://klient.example/")
    assert (await office.api().get("/api/v1/apps/verify_credentials")).status == 401
    assert (await office.api(token).get("/api/v1/accounts/verify_credentials")).status in (403, 422)


async def test_registrations_are_limited(office: Office) -> None:
    statuses = {(await office.request("POST", "/api/v1/apps", WANTED)).status for _ in range(61)}
    assert statuses == {200, 429}


async def test_the_metadata_say_what_there_is(office: Office) -> None:
    answer = await office.get("/.well-known/oauth-authorization-server")
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    found = check(ServerMetadataEntity, answer.json)
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_endpoint"] == f"{office.origin}/oauth/authorize"
    assert {"read", "write:statuses", "profile", "admin:read:accounts"} <= set(found["scopes_supported"])
    for name in ("token", "revocation", "userinfo"):
        path = found[f"{name}_endpoint"].removeprefix(office.origin)
        assert (await office.request("POST", path)).status in (400, 401, 403), quote(path)
