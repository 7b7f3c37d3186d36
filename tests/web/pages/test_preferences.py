"""« Mon compte »: each agent says how he wants to hear of new demands of the procedures he may process."""

import pytest

from store.preferences import Information
from tests.web.pages.conftest import Browser, Hall, text


@pytest.fixture
def hall(fresh_hall: Hall) -> Hall:
    return fresh_hall


def test_what_is_chosen_is_kept_and_shown(hall: Hall) -> None:
    zoe = hall.browser("zoe")
    answer = zoe.post("/compte", AEN="daily", MAR="none", AED="at_once")
    assert answer.status_code == 303
    chosen = hall.installation.preferences.of("zoe")
    assert (chosen["AEN"], chosen["MAR"], chosen["AED"]) == (Information.DAILY, Information.NONE, Information.AT_ONCE)
    page = zoe.get(answer.headers["Location"])
    assert "Vos choix sont enregistrés" in text(page)
    assert page.text.count('<option value="daily" selected>') == 1
    assert hall.installation.preferences.of("luc") == {}


def test_only_procedures_one_may_process_are_offered(hall: Hall) -> None:
    eva = hall.browser("eva")
    page = eva.get("/compte").text
    assert 'name="AEN"' in page
    assert 'name="MAR"' not in page
    assert eva.post("/compte", MAR="none").status_code == 303
    assert hall.installation.preferences.of("eva") == {}


def test_an_impossible_choice_is_refused_and_nothing_is_kept(hall: Hall) -> None:
    zoe = hall.browser("zoe")
    answer = zoe.post("/compte", AEN="parfois", MAR="none")
    assert answer.status_code == 422
    assert 'id="f-AEN-error"' in answer.text
    assert hall.installation.preferences.of("zoe") == {}


@pytest.mark.parametrize("code", ["ines", "noe"])
def test_who_processes_nothing_is_told_so(hall: Hall, code: str) -> None:
    browser: Browser = hall.browser(code)
    assert "aucune nouvelle demande ne vous est annoncée" in text(browser.get("/compte"))
    assert browser.post("/compte", AEN="none").status_code == 403


def test_the_name_in_the_frame_leads_there(hall: Hall) -> None:
    assert 'class="who" href="/compte"' in hall.browser("zoe").get("/").text
