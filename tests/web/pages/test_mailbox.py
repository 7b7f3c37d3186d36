"""The demo's mailbox: what citizens would have received, only in the demo, and harmless (P13)."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from tests.web.pages.conftest import Hall, parts_of, text
from web.app import create_app


@dataclass(frozen=True)
class Kept:
    mail_id: str
    recipient: str = "marie.helene@exemple.fr"
    subject: str = "Votre demande <b>AEN</b>"
    body: str = "Bonjour,\n\nSuivez http://localhost/activation/x\n<script>alert(1)</script>\n"
    at: datetime = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def anybody(hall: Hall) -> FlaskClient:
    parts = replace(parts_of(hall.installation), demo=True, mailbox=lambda: [Kept("newest"), Kept("oldest")])
    return create_app(parts).test_client()


def test_the_letters_are_listed_newest_first(anybody: FlaskClient) -> None:
    page = anybody.get("/demo/courriels")
    assert page.status_code == 200
    assert page.text.index("courriels/newest") < page.text.index("courriels/oldest")
    assert "01/03/2027 10:00 marie.helene@exemple.fr Votre demande <b>AEN</b>" in text(page)


def test_a_letter_is_read_as_text_with_its_links(anybody: FlaskClient) -> None:
    page = anybody.get("/demo/courriels/newest")
    assert page.status_code == 200
    assert 'href="http://localhost/activation/x"' in page.text
    assert "<script>alert" not in page.text
    assert "<b>AEN" not in page.text


def test_an_unknown_letter_and_any_other_installation_have_no_such_page(anybody: FlaskClient, hall: Hall) -> None:
    assert anybody.get("/demo/courriels/none").status_code == 404
    assert hall.app.test_client().get("/demo/courriels").status_code == 404


def test_an_empty_mailbox_says_why(hall: Hall) -> None:
    parts = replace(parts_of(hall.installation), demo=True)
    assert "Aucun courriel pour le moment" in create_app(parts).test_client().get("/demo/courriels").text
