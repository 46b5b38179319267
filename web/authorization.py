"""What an application asks for at `/oauth/authorize`: read, checked, and the addresses that people are sent back to.

Errors are shown as a page, whoever made them: a server that redirects before a person has decided anything is an open
redirect for everybody who registers an application (RFC 9700 §4.11.2). Redirect addresses count as exact strings.
"""

from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import urlencode, urlsplit

from sqlalchemy.ext.asyncio import AsyncSession

from access.applications import OUT_OF_BAND, find_application
from access.codes import ChallengeRefused, check_challenge
from access.scopes import ScopesRefused, restrict
from models.oauth import Application
from models.values import dataclass

PATH: Final = "/oauth/authorize"
NATIVE_PATH: Final = "/oauth/authorize/native"
_KEPT: Final = (
    *("client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"),
    *("lang", "force_login", "prompt"),
)


class AuthorizationRefused(Exception):
    """The request can't be shown to anybody for consent; `text` is a key of the texts."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Parameters(Protocol):
    """The query of a request, or a form."""

    def all_of(self, name: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """An application's request; `parameters` are as they came, to be asked again after signing in."""

    application: Application
    redirect_uri: str
    scopes: str
    state: str | None
    challenge: str | None
    parameters: Mapping[str, str]

    @property
    def must_sign_in(self) -> bool:
        """Whether the application wants a password typed, even by somebody who is signed in."""
        return self.parameters.get("force_login", "").lower() in ("true", "1") or "login" in self._prompts

    @property
    def must_consent(self) -> bool:
        """Whether the question is asked even of who has answered it before."""
        return self.must_sign_in or "consent" in self._prompts

    @property
    def is_out_of_band(self) -> bool:
        """Whether the person carries the code over by hand."""
        return self.redirect_uri == OUT_OF_BAND

    @property
    def target(self) -> str:
        """Where one goes afterwards, for people: a host, or the scheme of an app."""
        parts = urlsplit(self.redirect_uri)
        return parts.netloc if parts.scheme in ("http", "https") else parts.scheme

    @property
    def fields(self) -> Mapping[str, str]:
        """What the consent page sends back: it has signed in and has asked."""
        kept = {name: value for name, value in self.parameters.items() if name not in ("force_login", "prompt")}
        return {**kept, "prompt": "consent"} if self.must_consent else kept

    @property
    def path_afterwards(self) -> str:
        """The address of this request for somebody who has just signed in."""
        return f"{PATH}?{urlencode(self.fields, errors='replace')}"

    @property
    def path_as_somebody_else(self) -> str:
        """The address that asks for a password."""
        return f"{PATH}?{urlencode({**self.fields, 'force_login': 'true'}, errors='replace')}"

    def answer(self, **values: str) -> str:
        """The redirect address with the answer in its query, and otherwise untouched."""
        found = {**values, **({} if self.state is None else {"state": self.state})}
        if self.is_out_of_band:
            language = self.parameters.get("lang")
            return (
                f"{NATIVE_PATH}?{urlencode({**values, **({'lang': language} if language else {})}, errors='replace')}"
            )
        base, mark, fragment = self.redirect_uri.partition("#")
        joint = "" if base.endswith(("?", "&")) else "&" if "?" in base else "?"
        return f"{base}{joint}{urlencode(found, errors='replace')}{mark}{fragment}"

    @property
    def _prompts(self) -> list[str]:
        return self.parameters.get("prompt", "").split()


async def read_authorization(session: AsyncSession, given: Parameters) -> AuthorizationRequest:
    """The request of an application. Raises AuthorizationRefused."""
    parameters = {}
    for name in _KEPT:
        values = given.all_of(name)
        if len(values) > 1:
            raise AuthorizationRefused("authorize_malformed")
        if values and values[0]:
            parameters[name] = values[0]
    application = await find_application(session, parameters.get("client_id", ""))
    if application is None:
        raise AuthorizationRefused("authorize_unknown")
    redirect_uri = parameters.get("redirect_uri", "")
    if redirect_uri not in application.redirect_uris:
        raise AuthorizationRefused("authorize_redirect")
    if parameters.get("response_type") != "code":
        raise AuthorizationRefused("authorize_response_type")
    try:
        scopes = restrict(parameters.get("scope", ""), application.scopes)
    except ScopesRefused:
        raise AuthorizationRefused("authorize_scope") from None
    try:
        challenge = check_challenge(parameters.get("code_challenge", ""), parameters.get("code_challenge_method", ""))
    except ChallengeRefused:
        raise AuthorizationRefused("authorize_challenge") from None
    return AuthorizationRequest(application, redirect_uri, scopes, parameters.get("state"), challenge, parameters)
