"""Real clients against a running office: what they need before they can do anything, which is a person's consent.

`consent` does in the browser's place what a person does there: signs in and allows. Everything here is synchronous,
like the clients themselves: run it in a thread.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from bs4 import BeautifulSoup
from mastodon import Mastodon

from tests.end_to_end.instance import PASSWORD, Instance

SCOPES = ["read", "write", "follow", "push"]
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


class Browser:
    """Somebody's browser: cookies, and forms that are sent with what the page holds."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.headers["Accept"] = "text/html"

    def fill(self, page: requests.Response, answers: dict[str, str]) -> requests.Response:
        """Send the form of a page that has these fields, with everything else that it holds."""
        soup = BeautifulSoup(page.text, "html.parser")
        for form in soup.find_all("form"):
            fields = {
                str(field["name"]): str(field.get("value") or "")
                for field in form.find_all("input")
                if field.get("name")
            }
            names = fields.keys() | {str(button["name"]) for button in form.find_all("button") if button.get("name")}
            if answers.keys() <= names:
                address = urljoin(page.url, str(form["action"]))
                return self.session.post(address, fields | answers, allow_redirects=False)
        raise AssertionError(f"no form with {', '.join(answers)} on {page.url}: {page.text[:2000]}")

    def follow(self, page: requests.Response) -> requests.Response:
        """Go where a redirect leads, as long as it leads to a page."""
        while (
            page.is_redirect
            and urlsplit(urljoin(page.url, page.headers["Location"])).netloc == urlsplit(page.url).netloc
        ):
            page = self.session.get(urljoin(page.url, page.headers["Location"]), allow_redirects=False)
        return page


def consent(address: str, name: str, *, password: str = PASSWORD) -> str:
    """Sign in on the page at `address` (an authorization URL) and allow what is asked; the code."""
    browser = Browser()
    page = browser.follow(browser.session.get(address, allow_redirects=False))
    assert page.status_code == 200, page.text[:2000]
    page = browser.follow(browser.fill(page, {"login": name, "password": password}))
    assert page.status_code == 200, page.text[:2000]
    answer = browser.fill(page, {"decision": "allow"})
    assert answer.is_redirect, answer.text[:2000]
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


@dataclass(frozen=True)
class Registered:
    """Mastodon.py as an application of one office."""

    origin: str
    client_id: str
    client_secret: str

    def sign_in(self, name: str) -> Mastodon:
        """Mastodon.py in the hands of somebody who just consented."""
        client = Mastodon(client_id=self.client_id, client_secret=self.client_secret, api_base_url=self.origin)
        address = client.auth_request_url(scopes=SCOPES, redirect_uris=OUT_OF_BAND, allow_http=True)
        code = consent(str(address), name)
        client.log_in(code=code, redirect_uri=OUT_OF_BAND, scopes=SCOPES, allow_http=True)
        return client


def register(office: Instance) -> Registered:
    """Register Mastodon.py at an office."""
    client_id, secret = Mastodon.create_app("Tests", scopes=SCOPES, redirect_uris=OUT_OF_BAND,
                                            api_base_url=office.origin)  # fmt: skip
    return Registered(office.origin, client_id, secret)
