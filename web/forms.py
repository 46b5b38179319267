"""Forms: what was typed, and the proof that it was typed into a page of ours.

Every form carries a token made with HMAC-SHA256 from a secret cookie: that of the session or, before signing in, one
that is made for the purpose. Another site can make a browser send a form, but can neither read the cookie nor the page.
Browsers also say where a request comes from (`Sec-Fetch-Site`); other sites are refused before anything is read.
"""

import hashlib
import hmac
from dataclasses import field
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiMapping

from models.values import dataclass
from web.paths import safe_path

TOKEN_FIELD = "form_token"
CONTENT_TYPE = "application/x-www-form-urlencoded"
WITH_FILES = "multipart/form-data"
MAX_FIELDS = 60


class FormRefused(Exception):
    """The form isn't ours, or can't be read; `status` is the answer's."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody chose, and what their browser takes it for."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; absent ones are empty."""

    fields: dict[str, list[str]]
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field, white space around it removed."""
        return self.fields.get(name, [""])[0].strip()

    def exact(self, name: str) -> str:
        """A field as it was typed: passwords."""
        return self.fields.get(name, [""])[0]

    def all_of(self, name: str) -> list[str]:
        """Every value of a field."""
        return self.fields.get(name, [])

    def number(self, name: str) -> int | None:
        """A field that is an id."""
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) < 2**63 else None

    def numbers(self, name: str) -> list[int]:
        """All choices of a field, each once."""
        texts = self.fields.get(name, [])
        return list(dict.fromkeys(int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 4))

    @property
    def next(self) -> str:
        """The page to go to afterwards."""
        return safe_path(self.text("next"))


@dataclass(frozen=True, slots=True)
class Query:
    """The query of a request, read like a form."""

    query: MultiMapping[str]

    def all_of(self, name: str) -> list[str]:
        """Every value of a parameter, without what no database takes."""
        return [value.replace("\0", "") for value in self.query.getall(name, [])]


def form_token(secret: str) -> str:
    """The token for the holder of a secret cookie."""
    return hmac.new(secret.encode(), b"tertulia form", hashlib.sha256).hexdigest()


async def read_form(request: web.Request, secret: str | None, *, file_bytes: int = 0) -> Form:
    """The form that a request carries; one of so many bytes may come with files.

    Raises FormRefused: 403 without its token, 415 or 400 when it is no form, 413 when it is too large.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise FormRefused(403)
    try:
        if request.content_type == CONTENT_TYPE:
            form = await _typed(request)
        elif request.content_type == WITH_FILES and file_bytes:
            form = await _with_files(request.clone(client_max_size=file_bytes))
        else:
            raise FormRefused(415)
    except ValueError:
        raise FormRefused(400) from None
    except web.HTTPRequestEntityTooLarge:
        raise FormRefused(413) from None
    given = form.exact(TOKEN_FIELD).encode("utf-8", "replace")
    if secret is None or not hmac.compare_digest(given, form_token(secret).encode()):
        raise FormRefused(403)
    return form


async def _typed(request: web.Request) -> Form:
    text = (await request.read()).decode("ascii")
    form = Form({})
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace"):
        form.fields.setdefault(name, []).append(value.replace("\0", ""))
    return form


async def _with_files(request: web.Request) -> Form:
    form = Form({})
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            with value.file as file:
                form.files[name] = Upload(file.read(), value.content_type)
        elif isinstance(value, str):
            form.fields.setdefault(name, []).append(value.replace("\0", ""))
    return form
