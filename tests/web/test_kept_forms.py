"""A form that was open while its writer logged out, lost his cookie or logged in again: nothing typed is lost."""

from collections.abc import Callable

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
    page.visitor.send("/deconnexion", page="/")
    town.clock.move(minutes=61)
    assert page.visitor.log_in("zoe", kept=kept).status_code == 303


def test_a_form_of_another_site_is_never_offered(page: Page) -> None:
    """Its writer is sealed, so that nobody is led to send what he did not type."""
    status, refused = page.send(csrf_token="forged", author="zoe")
    assert (status, "Envoyer ma saisie" in refused) == (BAD, False)
    page.visitor.client.delete_cookie("suivi")
    status, login = page.send(csrf_token="forged", author="zoe")
    assert (status, 'name="kept"' in login) == (OUT, False)


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
