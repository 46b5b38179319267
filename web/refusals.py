"""What a page's handler raises instead of answering; `web.visits` turns it into a page."""

from web.texts import DEFAULT_LANGUAGE, Texts


class PageRefused(Exception):
    """There is no such page for this visitor. `title` and `text` are keys of the texts, `status` is the answer's."""

    def __init__(self, status: int, title: str, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.title = title
        self.text = text


def sentence_of(texts: Texts, refused: Exception) -> str:
    """Why a community's rules say no. The floors below speak English: their sentences are keys of the texts.

    Those that hold a name or a number are said in general elsewhere.
    """
    sentence = str(refused)
    if texts.language == DEFAULT_LANGUAGE:
        return sentence
    if sentence.startswith("The name ") and sentence not in texts:
        return texts("community_taken")
    return texts(sentence) if sentence in texts else texts("community_refused")


class SignInNeeded(Exception):
    """Only somebody with a session can do this."""


def missing() -> PageRefused:
    """The one refusal for what isn't there and for what is nobody's business."""
    return PageRefused(404, "missing_title", "missing")


def gone() -> PageRefused:
    """It was there and has been deleted."""
    return PageRefused(410, "gone_title", "gone")


def not_allowed(text: str = "not_allowed") -> PageRefused:
    """What the visitor asked for can't be done."""
    return PageRefused(403, "form_title", text)
