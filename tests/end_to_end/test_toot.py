"""toot, the command-line client, as somebody types it: it decodes every answer into dataclasses that refuse gaps."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.end_to_end.clients import consent
from tests.end_to_end.conftest import OpenInstance
from tests.end_to_end.instance import Instance

pytestmark = pytest.mark.timeout(300)
COMMAND = str(Path(sys.executable).with_name("toot"))
COMMAND_SECONDS = 60


class Toot:
    """toot in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._environ = {**os.environ, "XDG_CONFIG_HOME": str(directory), "HOME": str(directory), "NO_COLOR": "1"}

    def __call__(self, *words: str, stdin: str = "") -> str:
        """Run a command that has to succeed; what it prints."""
        done = subprocess.run(
            [COMMAND, "--no-color", *words], env=self._environ, input=stdin, capture_output=True, text=True,
            timeout=COMMAND_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"toot {' '.join(words)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *words: str) -> Any:
        """What a command prints with `--json`."""
        return json.loads(self(*words, "--json"))

    def log_in(self, office: Instance, name: str) -> None:
        """`toot login`: consent at the address that it prints, and type the code."""
        words = [COMMAND, "--no-color", "login", "-i", office.origin]
        with subprocess.Popen(words, env=self._environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
            assert it.stdin is not None
            assert it.stdout is not None
            it.stdin.write("n\n")
            it.stdin.flush()
            line = "Login URL:"
            while line and "/oauth/authorize/?" not in line:
                line = it.stdout.readline()
            it.stdin.write(f"{consent(line.strip(), name)}\n")
            it.stdin.close()
            rest = it.stdout.read()
            assert it.wait(COMMAND_SECONDS) == 0, rest
            assert "Successfully logged in" in rest


async def test_toot_does_what_its_manual_says(open_instance: OpenInstance, tmp_path: Path) -> None:
    office = await open_instance("madrid", "127.0.0.1")
    await office.serve()
    for name in ("ana", "ben"):
        await office.create_person(name)
    await asyncio.to_thread(a_day_with_toot, office, tmp_path)


def a_day_with_toot(office: Instance, directory: Path) -> None:
    ana, ben = Toot(directory / "ana"), Toot(directory / "ben")
    ana.log_in(office, "ana")
    ben.log_in(office, "ben")
    assert "@ana" in ana("whoami")
    assert office.domain in ana("instance", office.origin)
    assert "Ana" in ana("update-account", "--display-name", "Ana") or "@ana" in ana("whois", "ana")

    picture = directory / "picture.png"
    Image.new("RGB", (64, 48), "navy").save(picture)
    posted = ana.json("post", "Hola #oficina https://example.org", "--media", str(picture), "--description", "Azul")
    assert posted["media_attachments"][0]["description"] == "Azul"
    assert ana.json("upload", str(picture))["type"] == "image"
    poll = ana.json("post", "¿Vamos?", "--poll-option", "sí", "--poll-option", "no")["poll"]
    assert ana.json("post", "Mañana", "--scheduled-in", "1 day")["scheduled_at"]

    assert "ana" in ben("follow", "ana")
    assert "Vamos" in ben.json("timelines", "home")[0]["content"]
    assert "Hola" in ben("timelines", "public", "--local", "--no-pager")
    assert "Hola" in ben("timelines", "tag", "oficina", "--no-pager")
    assert "Hola" in ben("timelines", "account", "ana", "--no-pager")
    assert re.search(r"sí", ben("polls", "vote", poll["id"], "1"))
    for verb in ("favourite", "reblog", "bookmark"):
        ben(verb, posted["id"])
    reply = ben.json("post", "@ana claro", "--reply-to", posted["id"])
    assert "claro" in ana("thread", posted["id"])
    assert reply["in_reply_to_id"] == posted["id"]
    assert "Hola" in ben("bookmarks")
    assert "Hola" in ben("timelines", "favourites", "--no-pager")
    assert "ben" in ana("reblogged-by", posted["id"])
    for verb in ("unfavourite", "unreblog", "unbookmark"):
        ben(verb, posted["id"])
    ana("pin", posted["id"])
    ana("unpin", posted["id"])

    kinds = {one["type"] for one in ana.json("notifications")}
    assert {"mention", "follow"} <= kinds
    assert "claro" in ana("notifications", "--type", "mention")
    assert "ana" in ben("search", "ana")
    assert "oficina" in ben("search", "#oficina")

    ben("lists", "create", "Madrid")
    ben("lists", "add", "Madrid", "ana")
    assert "ana" in ben("lists", "accounts", "Madrid")
    assert "Hola" in ben("timelines", "list", "Madrid", "--no-pager")
    ben("lists", "delete", "Madrid")
    ben("tags", "follow", "oficina")
    assert "oficina" in ben("tags", "followed")
    ben("tags", "unfollow", "oficina")
    ben("tags", "feature", "oficina")
    assert "oficina" in ben("tags", "featured")

    for verb, shown in (("mute", "muted"), ("block", "blocked")):
        ben(verb, "ana")
        assert "ana" in ben(shown)
        ben(f"un{verb}", "ana")
    ben("unfollow", "ana")
    ana("delete", posted["id"])
    ana("notifications", "--clear")
    assert ana.json("notifications") == []
    ana("logout", f"ana@{office.domain}")
