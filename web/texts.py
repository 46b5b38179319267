"""Every sentence that people read on our pages, in every language that we speak: gettext catalogues by key.

`web/locale/<language>/LC_MESSAGES/tertulia.po` are the source, compiled in memory when the first page needs them, so
that a checkout and an installed package read the same. Keys are names (`sign_in`), English is a translation like the
others; what the rules of communities say no with is its own key. Values in braces are filled in by the caller; the
result is text, which templates escape. Keys that end in `.one` and `.many` belong to a count, for which the catalogue
has the plural forms of its language. A key without a text is a KeyError: a test renders every page in every language,
another compares the catalogues with the templates.
"""

from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

LANGUAGES: Final = ("en", "es")
DEFAULT_LANGUAGE: Final = "en"
FOLDER: Final = Path(__file__).parent / "locale"


class Texts:
    """The sentences in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    @property
    def _translations(self) -> GNUTranslations:
        """Read when somebody first looks at a page."""
        return translations(self.language)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with values filled in."""
        text = self._translations.gettext(key)
        return text.format(**values) if values else text

    def __contains__(self, key: str) -> bool:
        try:
            self._translations.gettext(key)
        except KeyError:
            return False
        return True

    def count(self, key: str, n: int) -> str:
        """The text for a number of things: `1 reply`, `2 replies`."""
        text = self._translations.ngettext(f"{key}.one", f"{key}.many", n)
        return text.format(n=self.number(n))

    def number(self, n: int) -> str:
        """A number with separated thousands."""
        separator = "," if self.language == "en" else "\u202f"
        return f"{n:,}".replace(",", separator)


class _Nothing(NullTranslations):
    """What has no text has no text: a key is nothing to show to people."""

    def gettext(self, message: str) -> NoReturn:
        raise KeyError(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> NoReturn:
        raise KeyError(msgid1)


def catalogue_path(language: str) -> Path:
    """Where the texts of a language are."""
    return FOLDER / language / "LC_MESSAGES" / "tertulia.po"


def read_catalogue(language: str) -> "Catalog":
    """The texts of a language as Babel sees them."""
    from babel.messages.pofile import read_po  # 4 MiB that an office without a visitor to its pages does without

    with catalogue_path(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> GNUTranslations:
    """The texts of a language, compiled. They never change while a process runs."""
    from babel.messages.mofile import write_mo

    compiled = BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    found = GNUTranslations(compiled)
    found.add_fallback(_Nothing())
    return found
