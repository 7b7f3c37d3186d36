"""One town hall per test, and visitors who fill in its forms as a browser would."""

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.installations import Town
from tests.web.building import app_of

PASSWORD = "sept girafes dansent"
CIVIL = "État civil"


class Visitor:
    """A browser without JavaScript: it keeps cookies and sends back the hidden fields it was given."""

    def __init__(self, app: Flask, base_url: str = "http://localhost") -> None:
        self.client, self.base_url = app.test_client(), base_url

    def get(self, address: str, **options: Any) -> TestResponse:
        return self.client.get(address, base_url=self.base_url, buffered=True, **options)

    def send(self, address: str, page: str = "/aide", **fields: Any) -> TestResponse:
        """POST a form as it stands on a page of the site: with the token that the page carries."""
        token = self.token() if page == "/aide" else hidden(self.get(page).text, "csrf_token")
        return self.client.post(address, base_url=self.base_url, data={"csrf_token": token} | fields)

    def token(self) -> str:
        """The CSRF token of this session, from any page that has a form."""
        page = self.get("/connexion", follow_redirects=True).text
        return hidden(page, "csrf_token")

    def log_in(self, code: str, password: str = PASSWORD, **fields: Any) -> TestResponse:
        return self.send("/connexion", code=code, password=password, **fields)


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"no {name} on the page"
    return html.unescape(found[1])


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town hall with one agent who has a password."""
    town = Town(tmp_path / "var")
    town.agent("zoe", CIVIL)
    town.installation.credentials.set_password("zoe", PASSWORD, town.clock())
    yield town
    town.close()


@pytest.fixture
def links() -> list[str]:
    """The codes for which a link was asked."""
    return []


@pytest.fixture
def app(town: Town, links: list[str]) -> Flask:
    return app_of(town.installation, send_link=links.append)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def new_visitor(app: Flask) -> Callable[[], Visitor]:
    """Another browser."""
    return lambda: Visitor(app)
