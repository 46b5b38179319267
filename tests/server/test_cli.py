"""The contract of the command line: names, output, exit codes, sentences."""

import asyncio
import re
from pathlib import Path

import click
import pytest

from outbox.community_acts import join
from server.cli import main
from server.commands.options import office
from server.settings import load_settings
from social.accounts import account_by_handle
from tests.server.command_line import CommandLine

ANA = ("user", "create", "ana", "--email", "ana@madrid.example", "--password", "correct horse")
COMMANDS = {
    "serve": set(),
    "worker": set(),
    "migrate": set(),
    "doctor": set(),
    "user": {"create", "list", "role", "suspend", "delete", "rotate-keys"},
    "token": {"create"},
    "peer": {"add", "confirm", "reject", "list", "show", "suspend", "resume", "end", "sync", "policy"},
    "peering-list": {"subscribe", "unsubscribe", "show"},
    "keys": {"show", "rotate"},
    "announcement": {"add", "edit", "publish", "list", "remove"},
    "rule": {"add", "list", "remove"},
    "document": {"set", "show"},
    "emoji": {"add", "list", "remove"},
    "queue": {"status", "report", "retry", "drop"},
    "backup": set(),
    "restore": set(),
    "search": {"reindex"},
    "topic": {"merge", "unmerge", "subscribe", "unsubscribe", "list", "show", "export"},
    "community": {"create", "list", "show", "role", "approve", "reject", "invite", "archive"},
    "lookup": set(),
    "demo": set(),
}


def subcommands(command: click.Command) -> dict[str, click.Command]:
    if not isinstance(command, click.Group):
        return {}
    context = click.Context(command)
    found = {name: command.get_command(context, name) for name in command.list_commands(context)}
    return {name: one for name, one in found.items() if one is not None}


def leaves() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in subcommands(main).items():
        found += [(name, inner) for inner in subcommands(command)] or [(name,)]
    return found


def test_the_commands_are_those_that_were_agreed() -> None:
    found = {name: set(subcommands(command)) for name, command in subcommands(main).items()}
    assert found == COMMANDS


@pytest.mark.parametrize("names", leaves(), ids=" ".join)
def test_every_command_shows_an_example(names: tuple[str, ...]) -> None:
    outcome = CommandLine({})(*names, "--help")
    assert outcome.exit_code == 0
    assert re.search(rf"Examples?:\n(.+\n)*.*tertulia {' '.join(names)}", outcome.output), outcome.output


def test_wrong_usage_ends_with_2() -> None:
    run = CommandLine({"TERTULIA_DOMAIN": "madrid.localhost:8001"})
    for arguments in (["frobnicate"], ["user", "create"], ["serve", "--roles", "httpd"], ["worker", "--roles", "http"]):
        assert run(*arguments).exit_code == 2


def test_wrong_settings_are_all_told_at_once_and_end_with_1() -> None:
    outcome = CommandLine({"TERTULIA_FEDERATION": "half", "TERTULIA_LISTEN": "nowhere"})("user", "list")
    assert outcome.exit_code == 1
    for name in ("TERTULIA_DOMAIN", "TERTULIA_FEDERATION", "TERTULIA_LISTEN"):
        assert name in outcome.errors


def test_settings_come_from_a_file_too(run: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "tertulia.toml"
    domain = run.environ.pop("TERTULIA_DOMAIN")
    file.write_text(f'domain = "{domain}"\n')
    assert run("user", "list").exit_code == 1
    assert run("user", "list", "--config", str(file)).exit_code == 0


def test_a_data_directory_of_another_domain_is_refused(run: CommandLine) -> None:
    assert run("user", "list").exit_code == 0
    run.environ["TERTULIA_DOMAIN"] = "lisbon.localhost:8001"
    outcome = run("user", "list")
    assert outcome.exit_code == 1
    assert "belongs to madrid.localhost:8001" in outcome.errors


def test_a_database_out_of_reach_ends_with_a_sentence(run: CommandLine) -> None:
    run.environ["TERTULIA_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/nothing"
    outcome = run("user", "list")
    assert outcome.exit_code == 1
    assert "Traceback" not in outcome.errors


# People


def test_a_person_is_made_and_listed(run: CommandLine) -> None:
    made = run(*ANA, "--display-name", "Ana García", "--admin")
    assert (made.exit_code, made.errors) == (0, "")
    assert "@ana@madrid.localhost:8001" in made.output
    assert "correct horse" not in made.output
    (listed,) = run("user", "list", "--json").json
    assert listed["acct"] == "ana@madrid.localhost:8001"
    assert (listed["display_name"], listed["role"], listed["suspended_at"]) == ("Ana García", "admin", None)
    assert "@ana" in run("user", "list").output


def test_a_password_is_made_up_and_shown_once(run: CommandLine) -> None:
    made = run("user", "create", "ana", "--email", "ana@madrid.example")
    assert re.search(r"^Password: \w{4}(-\w{4}){3}$", made.output, re.MULTILINE)


def test_a_password_may_come_from_standard_input(run: CommandLine) -> None:
    arguments = ("user", "create", "ana", "--email", "ana@madrid.example", "--password-stdin")
    assert run(*arguments, stdin="short\n").exit_code == 1
    made = run(*arguments, stdin="correct horse\n")
    assert made.exit_code == 0
    assert "Password" not in made.output
    assert run(*arguments, "--password", "correct horse", stdin="correct horse\n").exit_code == 2


@pytest.mark.parametrize("name", ["Ana", "a b", "admin", "-ana", "ana.", "ä", "x" * 31])
def test_names_that_cannot_be_are_refused(run: CommandLine, name: str) -> None:
    outcome = run("user", "create", "--email", "ana@madrid.example", "--", name)
    assert outcome.exit_code == 1
    assert outcome.errors.startswith("Error: ")


def test_names_and_addresses_are_given_once(run: CommandLine) -> None:
    assert run(*ANA).exit_code == 0
    assert "taken" in run(*ANA).errors
    assert "another user" in run("user", "create", "eva", "--email", "ANA@madrid.example").errors


def test_somebody_suspended_gets_no_token(run: CommandLine) -> None:
    run(*ANA)
    assert run("token", "create", "ana").exit_code == 0
    assert run("user", "suspend", "@ana").exit_code == 0
    refused = run("token", "create", "ana")
    assert (refused.exit_code, refused.output) == (1, "")
    assert run("user", "list", "--json").json[0]["suspended_at"] is not None
    assert run("user", "suspend", "ana").exit_code == 0


def test_the_name_of_somebody_deleted_stays_taken(run: CommandLine) -> None:
    run(*ANA)
    assert run("user", "delete", "ana").exit_code == 0
    assert run("user", "list", "--json").json == []
    assert run("user", "delete", "ana").exit_code == 1
    assert "taken" in run(*ANA).errors


def test_rotation_gives_keys_with_new_ids(run: CommandLine) -> None:
    run(*ANA)
    before = run("lookup", "@ana@madrid.localhost:8001").json
    rotated = run("user", "rotate-keys", "ana")
    assert rotated.output.count("#") == 2
    after = run("lookup", "@ana@madrid.localhost:8001").json
    assert len(after["assertionMethod"]) == 2 * len(before["assertionMethod"])


def test_nobody_is_found_under_a_wrong_name(run: CommandLine) -> None:
    for arguments in (["user", "suspend"], ["user", "delete"], ["user", "rotate-keys"], ["token", "create"]):
        outcome = run(*arguments, "nobody")
        assert outcome.exit_code == 1
        assert "tertulia user list" in outcome.errors


# Tokens


def test_a_token_is_printed_and_nothing_else(run: CommandLine) -> None:
    run(*ANA)
    outcome = run("token", "create", "ana", "--scopes", "read write:statuses")
    assert re.fullmatch(r"[\w-]{43}\n", outcome.output)
    assert outcome.errors == ""


def test_unknown_scopes_are_refused(run: CommandLine) -> None:
    run(*ANA)
    outcome = run("token", "create", "ana", "--scopes", "read fly")
    assert (outcome.exit_code, outcome.output) == (1, "")
    assert "fly" in outcome.errors


# Communities


def test_a_community_is_made_looked_after_and_archived(run: CommandLine) -> None:
    for name in ("ana", "bea"):
        run("user", "create", name, "--email", f"{name}@madrid.example")
    assert run("community", "create", "ana", "--owner", "ana").exit_code == 1  # the name is taken
    made = run("community", "create", "board", "--owner", "ana", "--kind", "hidden", "--rules", "Be kind.")
    assert made.exit_code == 0
    assert run("community", "role", "board", "bea", "moderator").exit_code == 0
    shown = run("community", "show", "board", "--json").json
    assert (shown["kind"], shown["private"], shown["members"]) == ("hidden", True, 2)
    assert (shown["rules"], shown["staff"]) == (["Be kind."], {"@ana": "owner", "@bea": "moderator"})
    assert run("community", "role", "board", "ana", "member").exit_code == 1  # somebody has to own it
    assert run("community", "archive", "board", "--reason", "done").exit_code == 0
    assert [row["archived"] for row in run("community", "list", "--json").json] == [True]
    assert run("community", "show", "nowhere").exit_code == 1


async def ask_to_join(run: CommandLine, person: str, community: str) -> None:
    """What an application does for somebody."""
    async with office(load_settings(None, run.environ)) as services, services.database.unit_of_work() as unit:
        account, group = [await account_by_handle(unit.session, name, None) for name in (person, community)]
        assert account is not None
        assert group is not None
        await join(services, unit, group, account)


def test_who_asks_is_let_in_or_turned_down_and_others_are_invited(run: CommandLine) -> None:
    for name in ("ana", "bea", "carl", "dan"):
        run("user", "create", name, "--email", f"{name}@madrid.example")
    run("community", "create", "board", "--owner", "ana", "--kind", "on_request")
    assert run("community", "approve", "board", "bea").exit_code == 1  # she hasn't asked
    for name in ("bea", "carl", "dan"):
        asyncio.run(ask_to_join(run, name, "board"))
    assert "approve board carl" in run("community", "show", "board").output
    for command, name in (("approve", "@bea"), ("reject", "carl"), ("invite", "dan"), ("invite", "carl")):
        assert run("community", command, "board", name).exit_code == 0
    shown = run("community", "show", "board", "--json").json
    assert (shown["members"], shown["waiting"], shown["states"]) == (3, [], {"invited": 1})
    assert run("community", "invite", "board", "nobody").exit_code == 1


# Peers


def test_a_peer_that_does_not_answer_is_added_with_a_warning(run: CommandLine) -> None:
    assert run("peer", "add", "127.0.0.2:9").exit_code == 1  # nobody there who could agree
    outcome = run("peer", "add", "--limited", "127.0.0.2:9", "--note", "a test")
    assert outcome.exit_code == 0
    assert "active as a limited peer" in outcome.output
    assert "Warning" in outcome.errors
    (listed,) = run("peer", "list", "--json").json
    assert (listed["domain"], listed["state"], listed["note"]) == ("127.0.0.2:9", "active", "a test")
    assert "No topic archives" in run("peer", "show", "127.0.0.2:9").output


def test_a_peer_is_suspended_ended_and_admitted_again(run: CommandLine) -> None:
    for command, state in (("suspend", "suspended"), ("end", "ended"), ("add --limited", "active")):
        assert run("peer", *command.split(), "LISBON.localhost:9").exit_code == 0
        shown = run("peer", "show", "lisbon.localhost:9", "--json").json
        assert shown["state"] == state


@pytest.mark.parametrize("domain", ["https://lisbon.example", "lisbon example", "ana@lisbon.example", ":80"])
def test_what_is_no_domain_is_wrong_usage(run: CommandLine, domain: str) -> None:
    assert run("peer", "add", domain).exit_code == 2


def test_an_office_is_not_its_own_peer(run: CommandLine) -> None:
    assert run("peer", "add", "madrid.localhost:8001").exit_code == 1


def test_an_unknown_peer_is_told_so(run: CommandLine) -> None:
    for command in ("show", "confirm", "reject", "resume"):
        assert run("peer", command, "nobody.example").exit_code == 1


# Queues


def test_empty_queues_are_shown_as_such(run: CommandLine) -> None:
    status = run("queue", "status", "--json").json
    assert status["deliveries"] == {"queued": 0, "dead": 0}
    assert status["inbound"] == {"queued": 0, "failed": 0}
    assert status["hosts"] == []
    assert "0 queued" in run("queue", "status").output
    assert run("queue", "retry", "lisbon.example").output.startswith("0 deliveries")
    assert run("queue", "drop", "lisbon.example").output.startswith("0 deliveries")


# Looking up


def test_a_file_is_normalised_without_any_settings(tmp_path: Path) -> None:
    file = tmp_path / "note.json"
    file.write_text('{"@context": "https://www.w3.org/ns/activitystreams", "type": "Note", "to": "as:Public"}')
    outcome = CommandLine({})("lookup", str(file))
    assert outcome.exit_code == 0
    assert outcome.json["to"] == ["https://www.w3.org/ns/activitystreams#Public"]


def test_a_file_that_is_no_document_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "note.json"
    file.write_text("{")
    outcome = CommandLine({})("lookup", str(file))
    assert outcome.exit_code == 1
    assert "can't be read" in outcome.errors


def test_our_own_people_are_found_without_a_server(run: CommandLine) -> None:
    run(*ANA)
    found = run("lookup", "@ana@madrid.localhost:8001").json
    assert found["preferredUsername"] == "ana"
    assert run("lookup", found["id"]).json == found


@pytest.mark.parametrize("what", ["@nobody@madrid.localhost:8001", "nonsense", "http://madrid.localhost:8001/users/7"])
def test_what_is_not_there_is_told_so(run: CommandLine, what: str) -> None:
    outcome = run("lookup", what)
    assert (outcome.exit_code, outcome.output) == (1, "")


def test_a_server_that_is_no_peer_is_not_asked(run: CommandLine) -> None:
    outcome = run("lookup", "@carol@127.0.0.2:9")
    assert outcome.exit_code == 1
    assert "not a peer" in outcome.errors
