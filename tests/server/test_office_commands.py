"""Commands for what an office says about itself: announcements, rules, pages, emoji, and who moderates."""

from pathlib import Path

from PIL import Image

from tests.server.command_line import CommandLine

ANA = ("user", "create", "ana", "--email", "ana@madrid.example", "--password", "correct horse")


def test_somebody_becomes_a_moderator(run: CommandLine) -> None:
    assert run(*ANA).exit_code == 0
    assert "@ana is moderator." in run("user", "role", "@ana", "moderator").output
    assert "already" in run("user", "role", "ana", "moderator").output
    assert run("user", "list", "--json").json[0]["role"] == "moderator"
    assert "moderator" in run("user", "list").output
    assert run("user", "role", "ana", "king").exit_code == 2
    assert run("user", "role", "nobody", "admin").exit_code == 1


def test_announcements_are_added_listed_and_removed(run: CommandLine) -> None:
    assert "Nothing announced" in run("announcement", "list").errors
    made = run("announcement", "add", "Party!", "--from", "2026-12-18", "--until", "2026-12-18", "--all-day")
    number = made.output.strip()
    (listed,) = run("announcement", "list", "--json").json
    assert (listed["id"], listed["all_day"], listed["ends_at"][:19]) == (number, True, "2026-12-18T23:59:59")
    assert run("announcement", "add", "-", stdin="From a file").exit_code == 0
    assert number in run("announcement", "list").output
    assert "needs a text" in run("announcement", "add", "  ").errors
    backwards = run("announcement", "add", "x", "--from", "2026-12-18", "--until", "2026-12-17")
    assert (backwards.exit_code, "before it begins" in backwards.errors) == (1, True)
    draft = run("announcement", "add", "Later", "--draft").output.strip()
    assert "(draft)" in run("announcement", "list").output
    assert run("announcement", "edit", draft, "Now").exit_code == 0
    assert run("announcement", "publish", draft).output.endswith("is published.\n")
    assert "already" in run("announcement", "publish", draft).output
    assert run("announcement", "list", "--json").json[0]["text"] == "Now"
    assert run("announcement", "edit", "7", "x").exit_code == run("announcement", "publish", "7").exit_code == 1
    assert run("announcement", "remove", number).exit_code == 0
    assert "There is no announcement" in run("announcement", "remove", number).errors


def test_search_is_filled(run: CommandLine) -> None:
    assert run(*ANA).exit_code == 0
    assert "0 of 0 posts" in run("search", "reindex").output
    assert "0 of 0 posts" in run("search", "reindex", "--all").output


def test_a_topic_is_exported(run: CommandLine, tmp_path: Path) -> None:
    assert run(*ANA).exit_code == 0
    assert run("topic", "export", "#Calidad", str(tmp_path / "calidad.zip")).exit_code == 0
    assert (tmp_path / "calidad.zip").read_bytes()[:2] == b"PK"
    assert run("topic", "export", "no tag", str(tmp_path / "x.zip")).exit_code == 2


def test_rules_and_pages(run: CommandLine, tmp_path: Path) -> None:
    number = run("rule", "add", "Be kind.", "--hint", "Always.").output.strip()
    assert run("rule", "list", "--json").json == [{"id": number, "text": "Be kind.", "hint": "Always."}]
    assert "Be kind." in run("rule", "list").output
    assert run("rule", "remove", number).exit_code == 0
    assert run("rule", "remove", number).exit_code == 1
    assert run("rule", "add", " ").exit_code == 2
    page = tmp_path / "privacy.md"
    page.write_text("# Privacy\n\nWe keep *little*.", "utf-8")
    assert run("document", "show", "privacy_policy").exit_code == 1
    assert run("document", "set", "privacy_policy", str(page)).output == "privacy_policy is set.\n"
    assert "We keep *little*." in run("document", "show", "privacy_policy").output
    assert run("document", "set", "privacy_policy", "-", stdin="").output == "privacy_policy is empty.\n"
    assert run("document", "show", "privacy_policy").exit_code == 1
    page.write_text("x" * 30_000, "utf-8")
    assert "at most" in run("document", "set", "privacy_policy", str(page)).errors
    page.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in run("document", "set", "privacy_policy", str(page)).errors


def test_emoji_are_added_listed_and_removed(run: CommandLine, tmp_path: Path) -> None:
    picture = tmp_path / "party.png"
    Image.new("RGBA", (64, 64), "red").save(picture)
    assert run("emoji", "add", ":party:", str(picture), "--category", "Office").output == ":party: is there.\n"
    (listed,) = run("emoji", "list", "--json").json
    assert (listed["shortcode"], listed["category"]) == ("party", "Office")
    assert ":party:  (Office)" in run("emoji", "list").output
    assert "already" in run("emoji", "add", "PARTY", str(picture)).errors
    assert "no shortcode" in run("emoji", "add", "par ty", str(picture)).errors
    nothing = tmp_path / "nothing.png"
    nothing.write_text("no picture", "utf-8")
    assert run("emoji", "add", "nothing", str(nothing)).exit_code == 1
    assert run("emoji", "remove", "party").exit_code == 0
    assert run("emoji", "remove", "party").exit_code == 1


def test_who_takes_no_part_in_sync_is_said_to(run: CommandLine) -> None:
    assert "takes no part" in run("peer", "sync", "lisbon.example").output
    assert run("peer", "sync", "--json", "lisbon.example").json["takes_part"] is False
    assert run("peer", "sync", "no host").exit_code == 2
