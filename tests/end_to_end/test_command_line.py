"""Every command of the table once, as a program of its own against a real office."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from tests.end_to_end.conftest import OpenInstance
from tests.end_to_end.instance import PASSWORD, Instance, JsonObject
from tests.end_to_end.waiting import eventually
from tests.remote_peers import RemoteActor, RemoteServer


async def eventually_accepted(carol: RemoteActor, ana: JsonObject) -> None:
    """Have carol follow ana. A server notices within seconds what `peer add` decided in another process."""
    await eventually(
        lambda: carol.post(ana["inbox"], carol.follow(ana["id"])), lambda answer: answer.status == 202, seconds=10
    )


@pytest.fixture
async def madrid(open_instance: OpenInstance) -> Instance:
    """An office that serves, with somebody in it."""
    made = await open_instance("madrid")
    await made.serve()
    created = await made.done("user", "create", "ana", "--email", "ana@madrid.example", "--password-stdin", "--admin",
                              "--display-name", "Ana García", stdin=f"{PASSWORD}\n")  # fmt: skip
    assert created.output.startswith(f"Made @ana@{made.domain} (")
    assert PASSWORD not in created.output + created.errors
    return made


async def test_people_are_made_listed_suspended_and_deleted_while_the_server_runs(madrid: Instance) -> None:
    (ana,) = (await madrid.done("user", "list", "--json")).json
    assert (ana["acct"], ana["display_name"], ana["role"]) == (f"ana@{madrid.domain}", "Ana García", "admin")
    before = (await madrid.get(ana["uri"])).json["publicKey"]
    rotated = await madrid.done("user", "rotate-keys", "ana")
    assert re.search(r"#main-key-2$", rotated.output, re.MULTILINE)
    assert (await madrid.get(ana["uri"])).json["publicKey"] != before

    made_up = await madrid.done("user", "create", "eva", "--email", "eva@madrid.example")
    assert re.search(r"^Password: \S+$", made_up.output, re.MULTILINE)
    taken = await madrid.command("user", "create", "eva", "--email", "other@madrid.example", "--password", PASSWORD)
    assert (taken.exit_code, taken.output) == (1, "")
    assert taken.errors.startswith("Error: ")

    assert "suspended" in (await madrid.done("user", "suspend", "eva")).output
    assert (await madrid.command("token", "create", "eva")).exit_code == 1
    assert "deleted" in (await madrid.done("user", "delete", "eva")).output
    assert [person["name"] for person in (await madrid.done("user", "list", "--json")).json] == ["ana"]


async def test_a_token_is_printed_and_nothing_else_and_opens_inbox_and_outbox(madrid: Instance) -> None:
    made = await madrid.done("token", "create", "ana", "--scopes", "read")
    assert re.fullmatch(r"[\w-]{43}\n", made.output)
    assert made.errors == ""
    (ana,) = (await madrid.done("user", "list", "--json")).json
    document = (await madrid.get(ana["uri"], token=made.output.strip())).json
    for url in (document["inbox"], document["outbox"]):
        assert (await madrid.get(url, token=made.output.strip())).status == 200
        assert (await madrid.get(url)).status in (401, 403)
        assert (await madrid.get(url, token="x" * 43)).status in (401, 403)
    note = {"type": "Note", "content": "I may only read"}
    assert (await madrid.post(document["outbox"], note, token=made.output.strip())).status == 403

    refused = await madrid.command("token", "create", "nobody")
    assert (refused.exit_code, refused.output) == (1, "")
    refused = await madrid.command("token", "create", "ana", "--scopes", "everything")
    assert (refused.exit_code, refused.output) == (1, "")


async def test_a_peer_is_added_shown_suspended_and_ended(madrid: Instance, peer: RemoteServer) -> None:
    carol = await peer.actor("carol")
    ana = (await madrid.done("lookup", f"@ana@{madrid.domain}")).json
    assert (await carol.get(ana["followers"])).status in (401, 403)

    refused = await madrid.command("peer", "add", peer.host)
    assert refused.exit_code == 1
    assert "--limited" in refused.errors, refused.errors
    added = await madrid.done("peer", "add", "--limited", peer.host, "--note", "agreed on Monday")
    assert "active as a limited peer" in added.output
    assert "mastodon" in added.output
    (listed,) = (await madrid.done("peer", "list", "--json")).json
    assert (listed["domain"], listed["state"], listed["note"]) == (peer.host, "active", "agreed on Monday")
    await eventually_accepted(carol, ana)
    assert (await carol.get(ana["followers"])).status == 200
    shown = (await madrid.done("peer", "show", peer.host, "--json")).json
    assert (shown["state"], shown["dead"]) == ("active", 0)
    assert any("No topic archives" in limit for limit in shown["limits"])

    assert "suspended" in (await madrid.done("peer", "suspend", peer.host)).output
    await eventually(lambda: carol.get(ana["followers"]), lambda answer: answer.status in (401, 403))
    assert "active" in (await madrid.done("peer", "resume", peer.host)).output
    await eventually(lambda: carol.get(ana["followers"]), lambda answer: answer.status == 200)
    assert "ended" in (await madrid.done("peer", "end", peer.host)).output
    (listed,) = (await madrid.done("peer", "list", "--json")).json
    assert listed["state"] == "ended"
    assert (await madrid.command("peer", "add", "no host")).exit_code == 2


async def test_an_unreachable_peer_is_added_with_a_warning(madrid: Instance) -> None:
    added = await madrid.done("peer", "add", "--limited", "127.0.0.9:9")
    assert "active" in added.output
    assert "Warning: " in added.errors


async def test_the_queue_is_shown_retried_and_dropped(madrid: Instance, peer: RemoteServer) -> None:
    carol = await peer.actor("carol")
    await madrid.done("peer", "add", "--limited", peer.host)
    peer.inbox_status = 503
    ana = (await madrid.done("lookup", f"@ana@{madrid.domain}")).json
    await eventually_accepted(carol, ana)  # and our Accept can't be delivered
    status = await eventually(madrid.queues, lambda found: found["deliveries"]["queued"] == 1)
    assert status["deliveries"]["dead"] == 0
    assert status["inbound"] == {"queued": 0, "failed": 0}
    assert [host["host"] for host in status["hosts"]] == [peer.host]
    assert peer.host in (await madrid.done("queue", "status")).output

    peer.inbox_status = 202
    assert "1 deliveries" in (await madrid.done("queue", "retry", peer.host)).output
    assert "0 deliveries" in (await madrid.done("queue", "drop", "127.0.0.9:9")).output
    assert (await madrid.command("queue", "retry", "no host")).exit_code == 2
    await eventually(madrid.queues, lambda found: found["deliveries"]["queued"] == 0)
    assert peer.received_types() == ["Accept"]


async def test_handles_urls_and_files_are_looked_up(madrid: Instance, peer: RemoteServer, tmp_path: Path) -> None:
    carol = await peer.actor("carol")
    note = carol.note("<p>Good morning</p>")
    file = tmp_path / "activity.json"
    file.write_text(json.dumps(carol.create(note)), "utf-8")
    await madrid.done("peer", "add", "--limited", peer.host)
    by_handle, by_url, from_file, own = await asyncio.gather(
        madrid.done("lookup", f"@{carol.acct}"),
        madrid.done("lookup", note["id"]),
        madrid.done("lookup", str(file)),
        madrid.done("lookup", f"ana@{madrid.domain}"),
    )
    assert by_handle.json["id"] == carol.uri
    assert by_url.json["content"] == "<p>Good morning</p>"
    assert from_file.json["object"]["id"] == note["id"]
    assert own.json["preferredUsername"] == "ana"
    for nothing in (f"@nobody@{peer.host}", f"{peer.origin}/nothing", f"@nobody@{madrid.domain}", "nothing at all"):
        refused = await madrid.command("lookup", nothing)
        assert (refused.exit_code, refused.output) == (1, ""), nothing
        assert refused.errors.startswith("Error: ")


async def test_doctor_and_migrate_say_what_they_find(madrid: Instance) -> None:
    examined = await madrid.done("doctor")
    assert madrid.domain in examined.output
    assert "already" in (await madrid.done("migrate")).output


async def test_a_second_server_on_the_same_port_ends_with_a_sentence(madrid: Instance) -> None:
    refused = await madrid.command("serve")
    assert refused.exit_code == 1
    assert "Traceback" not in refused.errors


async def test_wrong_settings_are_all_told_and_nothing_starts(open_instance: OpenInstance) -> None:
    made = await open_instance("madrid", federation="half", listen="nowhere", rate_limit="on")
    for command in ("serve", "worker", "doctor", "migrate"):
        refused = await made.command(command)
        assert refused.exit_code == 1
        for name in ("TERTULIA_FEDERATION", "TERTULIA_LISTEN", "TERTULIA_RATE_LIMIT "):
            assert name in refused.output + refused.errors
    assert not (made.directory / "data").exists()


async def test_plain_http_in_public_is_refused_with_advice(open_instance: OpenInstance) -> None:
    made = await open_instance("madrid", domain="madrid.example", origin="http://madrid.example")
    refused = await made.command("serve")
    assert refused.exit_code == 1
    assert "set TERTULIA_ORIGIN=https://madrid.example" in refused.errors


async def test_the_data_of_another_domain_is_refused_with_advice(open_instance: OpenInstance) -> None:
    made = await open_instance("madrid")
    await made.done("user", "list")
    made.environ |= {"TERTULIA_DOMAIN": "127.0.0.1:1", "TERTULIA_ORIGIN": "http://127.0.0.1:1"}
    refused = await made.command("serve")
    assert refused.exit_code == 1
    assert f"belongs to {made.domain}" in refused.errors
    assert "TERTULIA_DATA_DIR" in refused.errors
