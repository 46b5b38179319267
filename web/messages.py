"""`make messages`: bring the catalogues up to what templates and code ask for.

Keys that are new get an empty entry in every language, in the order in which they are met, after those that are there;
a test fails until somebody has written the sentences. Keys that are built from parts (`scope_` and the name of one) are
written by hand. English gives the order to the others.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po

from web.texts import DEFAULT_LANGUAGE, LANGUAGES, catalogue_path, read_catalogue

_HERE = Path(__file__).parent
# Ours, without the dates that Babel's would change with every run.
_HEADER = """# What the pages say. `make messages` adds the keys that are missing; braces are filled in by the code.
msgid ""
msgstr ""
"Project-Id-Version: Tertulia\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms}\\n"

"""
_USES = re.compile(r"""\b(?:t|texts|visit\.texts)(\.count)?\(\s*['"]([a-z][a-z0-9_]*)['"]\s*[,)]""")


def used_keys() -> Iterator[str | tuple[str, str]]:
    """The keys that stand literally in templates and code; a pair for a count."""
    files = [*sorted((_HERE / "templates").glob("*.html")), *sorted(_HERE.glob("*.py"))]
    for path in files:
        for counted, key in _USES.findall(path.read_text("utf-8")):
            yield (f"{key}.one", f"{key}.many") if counted else key


def main() -> None:
    """Rewrite both catalogues."""
    english = read_catalogue(DEFAULT_LANGUAGE)
    for key in used_keys():
        if english.get(key if isinstance(key, str) else key[0]) is None:
            english.add(key, "" if isinstance(key, str) else ("", ""))
    for language in LANGUAGES:
        _write(language, english, english if language == DEFAULT_LANGUAGE else read_catalogue(language))


def _write(language: str, english: Catalog, known: Catalog) -> None:
    merged = Catalog(locale=language)
    for message in english:
        if message.id:
            found = known.get(_key(message))
            text = found.string if found is not None else ("" if isinstance(message.id, str) else ("", ""))
            merged.add(message.id, text, auto_comments=message.auto_comments)
    with catalogue_path(language).open("wb") as file:
        file.write(_HEADER.format(language=language, plural_forms=known.plural_forms).encode())
        write_po(file, merged, width=110, no_location=True, omit_header=True)


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


if __name__ == "__main__":
    main()
