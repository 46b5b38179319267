"""The acts of writing: a post (or reply, quote, poll, private message), its edit, its deletion."""

from collections.abc import Iterator
from functools import partial

from models.values import dataclass
from server.demo import looking, writing
from server.demo.checks import Expectation
from server.demo.employee import Employee
from server.demo.scene import Made, Scene, shortened

_KINDS = {"public": "posts", "followers": "posts for followers only", "mentioned": "writes privately"}


@dataclass(frozen=True, slots=True)
class Post:
    """`by` writes something, which the story calls `key` from then on. `mentions` are named in the text as @name."""

    by: str
    key: str
    text: str
    audience: str = "public"
    mentions: tuple[str, ...] = ()
    reply_to: str | None = None
    quote: str | None = None
    poll: tuple[str, ...] = ()

    def title(self, scene: Scene) -> str:
        if self.reply_to is not None:
            verb = f"answers {scene.author_of(self.reply_to).person.first_name}"
        elif self.quote is not None:
            verb = f"quotes {scene.author_of(self.quote).person.first_name}"
        else:
            verb = "asks" if self.poll else _KINDS[self.audience]
        return f"{scene.label(self.by)} {verb}: “{shortened(self.text)}”"

    async def play(self, scene: Scene) -> None:
        author = scene.employees[self.by]
        for key in (self.reply_to, self.quote):
            if key is not None:
                await looking.until_known(author, scene.made[key].uri)
        document = self._document(scene, author)
        uri = await looking.object_of(author, await author.say(document))
        readers = list(self.mentions)
        if self.audience != "mentioned":
            readers += scene.followers(self.by)
        scene.made[self.key] = Made(uri, self.by, self.text, readers, document)

    def _document(self, scene: Scene, author: Employee) -> writing.Document:
        return writing.note(
            author,
            self.text,
            [scene.employees[name] for name in self.mentions],
            audience=self.audience,
            in_reply_to=scene.made[self.reply_to].uri if self.reply_to else None,
            quote=scene.made[self.quote].uri if self.quote else None,
            poll=self.poll,
        )

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        made, author, what = scene.made[self.key], scene.employees[self.by], self.title(scene)
        if made.is_deleted or made.is_edited:
            return  # the edit or the deletion says what must be seen now
        yield from _seen(scene, self.key, what)
        if self.reply_to is not None and not scene.made[self.reply_to].is_deleted:
            parent_author, parent_uri = scene.author_of(self.reply_to), scene.made[self.reply_to].uri
            listed = partial(looking.is_among_replies, parent_author, parent_uri, made.uri)
            yield Expectation(what, parent_author.office.name, "in `replies` of what it answers", listed)
        if self.quote is not None:
            yield Expectation(what, author.office.name, "the quoted author agreed", partial(_is_agreed, author, made))
        if self.poll:
            for office, reader in scene.readers_elsewhere(self.key).items():
                counted = partial(looking.has_votes, reader, made.uri, made.votes)
                yield Expectation(
                    what, office, f"all votes counted, in the inbox of {reader.person.first_name}", counted
                )
        if self.audience == "mentioned":
            for office, stranger in scene.strangers(author, made.readers).items():
                refused = partial(looking.is_refused, stranger, made.uri)
                yield Expectation(
                    what, office, f"hidden: {stranger.person.first_name} gets 404 through `proxyUrl`", refused
                )


@dataclass(frozen=True, slots=True)
class Edit:
    """The author of `key` replaces its text."""

    key: str
    text: str

    def title(self, scene: Scene) -> str:
        return f"{scene.author_of(self.key).label} edits: “{shortened(self.text)}”"

    async def play(self, scene: Scene) -> None:
        made, author = scene.made[self.key], scene.author_of(self.key)
        await looking.until_everywhere(scene, self.key)
        readers = {name: made.document[name] for name in ("to", "cc")}
        edited = writing.edited(author, made.document, made.uri, self.text)
        await author.say({"type": "Update", "object": edited, **readers})
        made.text, made.is_edited = self.text, True

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        yield from _seen(scene, self.key, self.title(scene))


@dataclass(frozen=True, slots=True)
class Delete:
    """The author of `key` takes it back, after it has arrived everywhere."""

    key: str

    def title(self, scene: Scene) -> str:
        return f"{scene.author_of(self.key).label} deletes “{shortened(scene.made[self.key].text)}”"

    async def play(self, scene: Scene) -> None:
        made, author = scene.made[self.key], scene.author_of(self.key)
        await looking.until_everywhere(scene, self.key)
        await author.say({"type": "Delete", "object": made.uri, "to": made.document["to"], "cc": made.document["cc"]})
        made.is_deleted = True

    def expected(self, scene: Scene) -> Iterator[Expectation]:
        made, author, what = scene.made[self.key], scene.author_of(self.key), self.title(scene)
        buried = partial(looking.is_tombstone, author, made.uri)
        yield Expectation(what, author.office.name, "GET of the post by its author: 410, a Tombstone", buried)
        for office, reader in scene.readers_elsewhere(self.key).items():
            gone = partial(looking.is_gone, reader, made.uri)
            yield Expectation(what, office, f"it has left the inbox of {reader.person.first_name}", gone)


def _seen(scene: Scene, key: str, what: str) -> Iterator[Expectation]:
    """The author's office serves the post as it is now, and a reader at each office has it so."""
    made, author = scene.made[key], scene.author_of(key)
    served = partial(looking.says, author, made.uri, made.text)
    yield Expectation(what, author.office.name, "GET of the post by its author", served)
    for office, reader in scene.readers_elsewhere(key).items():
        arrived = partial(looking.has_text, reader, made.uri, made.text)
        yield Expectation(what, office, f"in the inbox of {reader.person.first_name}", arrived)


async def _is_agreed(author: Employee, made: Made) -> bool:
    return bool((await author.read(made.uri)).get("quoteAuthorization"))
