"""A form that was open while its writer logged out, lost his cookie or logged in again: nothing typed is lost."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from random import Random

import pytest

from tests.installations import Town
from tests.web.conftest import CIVIL, PASSWORD, Visitor, hidden

TEXT = "Livret reçu, il manque la page 2"
CUT_OFF: list[Callable[[Visitor], object]] = [
    lambda visitor: visitor.send("/deconnexion", page="/"),
    lambda visitor: visitor.client.delete_cookie("suivi"),
]
OUT, BAD = 401, 400


class Page:
    """The history of a demand in a browser, its form filled in but not sent."""

    def __init__(self, visitor: Visitor, town: Town) -> None:
        visitor.log_in("zoe")
        self.visitor, self.reference = visitor, town.submit()
        self.address = f"/demandes/{self.reference}/evenements"
        page = visitor.get(f"/demandes/{self.reference}/historique").text.split("<main")[1]
        names = ("csrf_token", "command_id", "author")
        self.fields = {name: hidden(page, name) for name in names} | {"event_type": "piece_recue", "comment": TEXT}

    def send(self, **changed: str) -> tuple[int, str]:
        answer = self.visitor.client.post(self.address, data=self.fields | changed)
        return answer.status_code, answer.text


@pytest.fixture
def page(visitor: Visitor, town: Town) -> Page:
    return Page(visitor, town)


@pytest.mark.parametrize("cut_off", CUT_OFF, ids=["logged out", "cookie lost"])
def test_the_login_page_carries_it_and_gives_it_back(
    page: Page, town: Town, cut_off: Callable[[Visitor], None]
) -> None:
    cut_off(page.visitor)
    status, login = page.send()
    assert (status, TEXT in login) == (OUT, False)
    assert "Ce que vous aviez saisi est conservé" in login
    again = page.visitor.log_in("zoe", kept=hidden(login, "kept")).text
    assert f'action="{page.address}"' in again
    assert TEXT in again
    names = ("csrf_token", "command_id", "event_type", "comment")
    sent = page.visitor.client.post(page.address, data={name: hidden(again.split("<main")[1], name) for name in names})
    assert sent.status_code == 303
    assert [fact.name for fact in town.office.dossier(page.reference, None).facts].count("EventAdded") == 1


def test_only_its_writer_gets_it_back_within_an_hour(page: Page, town: Town) -> None:
    town.agent("luc", CIVIL)
    town.installation.credentials.set_password("luc", PASSWORD, town.clock())
    page.visitor.client.delete_cookie("suivi")
    kept = hidden(page.send()[1], "kept")
    assert page.visitor.log_in("luc", kept=kept).status_code == 303
    told = page.visitor.get("/").text
    assert "ce qu’un autre agent avait saisi" in told
    assert TEXT not in told
    page.visitor.send("/deconnexion", page="/")
    town.clock.move(minutes=61)
    assert page.visitor.log_in("zoe", kept=kept).status_code == 303
    assert "un autre agent" not in page.visitor.get("/").text


def test_a_wrong_password_still_says_that_it_is_kept(page: Page, town: Town) -> None:
    page.visitor.client.delete_cookie("suivi")
    kept = hidden(page.send()[1], "kept")
    again = page.visitor.log_in("zoe", password="wrong", kept=kept).text
    assert "Ce que vous aviez saisi est conservé" in again
    assert hidden(again, "kept") == kept
    town.clock.move(minutes=61)
    too_late = page.visitor.log_in("zoe", password="wrong", kept=kept).text
    assert ("conservé" in too_late, 'name="kept"' in too_late) == (False, False)


def test_a_form_of_another_site_is_never_offered(page: Page) -> None:
    """Its writer is sealed, so that nobody is led to send what he did not type."""
    status, refused = page.send(csrf_token="forged", author="zoe")
    assert (status, "Envoyer ma saisie" in refused) == (BAD, False)
    page.visitor.client.delete_cookie("suivi")
    status, login = page.send(csrf_token="forged", author="zoe")
    assert (status, 'name="kept"' in login) == (OUT, False)


LONG = " ".join(f"Phrase {number} d’une lettre à l’usager." for number in range(4_000))
"""About as many letters as a form may weigh."""


def test_a_letter_of_many_thousand_characters_is_kept(page: Page) -> None:
    page.visitor.client.delete_cookie("suivi")
    login = page.send(comment=LONG)[1]
    assert "Ce que vous aviez saisi est conservé" in login
    again = page.visitor.log_in("zoe", kept=hidden(login, "kept")).text
    assert hidden(again.split("<main")[1], "comment") == LONG


def test_what_is_too_long_to_be_kept_is_said_to_be_lost(page: Page) -> None:
    page.visitor.client.delete_cookie("suivi")
    chance = "Note " + urlsafe_b64encode(Random(7).randbytes(180_000)).decode()
    status, login = page.send(comment=chance)
    assert (status, 'name="kept"' in login, "conservé" in login) == (OUT, False, False)
    assert "c’était trop long" in login
    assert chance not in login


def test_a_form_without_words_is_not_said_to_be_lost(page: Page) -> None:
    page.visitor.client.delete_cookie("suivi")
    login = page.send(author="", comment="")[1]
    assert "Connectez-vous pour reprendre" in login
    assert "gardé" not in login


def test_a_form_older_than_the_present_session_is_offered_again(page: Page) -> None:
    page.visitor.send("/deconnexion", page="/")
    page.visitor.log_in("zoe")
    status, again = page.send()
    assert status == BAD
    assert "Votre saisie est conservée" in again
    assert TEXT in again
    token = hidden(again.split("<main")[1], "csrf_token")
    assert page.visitor.client.post(page.address, data=page.fields | {"csrf_token": token}).status_code == 303


def test_a_form_without_its_writer_is_at_least_shown(page: Page) -> None:
    status, refused = page.send(csrf_token="forged", author="")
    assert (status, TEXT in refused, "revenez en arrière" in refused) == (BAD, True, False)
