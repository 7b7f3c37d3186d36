"""How citizens reach a service: each change is a fact with its author, and pages say where something is missing."""

from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from msgspec.structs import replace

from domain.townhall import TOWNHALL_ID, Contact
from tests.web.pages.administrators import with_administrators
from tests.web.pages.conftest import CIVIL, Browser, Hall, hidden, text

LIST = "/administration/services"
PAGE = "/administration/services/coordonnees"
TYPED: dict[str, Any] = {
    "service": CIVIL,
    "address": "1 place de la Mairie\n68000 Colmar",
    "email": "etat-civil@exemple.fr",
    "phone": "03 88 00 00 00",
}
WHOLE = Contact("1 place de la Mairie\n68000 Colmar", "etat-civil@exemple.fr", "03 88 00 00 00")


@pytest.fixture
def hall(fresh_hall: Hall) -> Hall:
    """A town hall with two administrators, whose services have no contact yet, nor has its hotline."""
    hall = with_administrators(fresh_hall)
    with hall.office.directory.change_townhall(hall.command()) as townhall:
        townhall.change_settings(replace(townhall.settings, hotline=Contact()))
        for service in townhall.services:
            townhall.set_service(service, Contact())
    return hall


@pytest.fixture
def ada(hall: Hall) -> Browser:
    return hall.browser("ada")


def contact(hall: Hall) -> Contact:
    return hall.office.directory.townhall().services[CIVIL]


def page_of(browser: Browser, service: str = CIVIL) -> Any:
    return browser.get(f"{PAGE}?service={quote(service)}")


def test_what_is_typed_is_in_force_and_its_author_is_known(hall: Hall, ada: Browser) -> None:
    answer = ada.post(PAGE, **TYPED)
    assert (answer.status_code, answer.location) == (303, LIST)
    assert contact(hall) == WHOLE
    last = hall.installation.register.facts(TOWNHALL_ID)[-1]
    assert (last.name, last.agent) == ("ServiceSet", "ada")
    page = ada.get(LIST)
    assert f"Les coordonnées du service « {CIVIL} » sont enregistrées" in text(page)
    assert "etat-civil@exemple.fr" in page.text
    assert 'value="03 88 00 00 00"' in page_of(ada).text


def test_the_letters_of_its_procedures_give_it(hall: Hall, ada: Browser) -> None:
    address = "/administration/demarches/AEN"
    form = {"delay_calendar": "calendar", "preview": "acknowledgement"}
    assert "03 88 00 00 00" not in ada.post(address, **form).text
    ada.post(PAGE, **TYPED)
    preview = ada.post(address, **form)
    assert "03 88 00 00 00" in preview.text
    assert "68000 Colmar" in preview.text


def test_who_lacks_what_the_law_asks_is_named(hall: Hall, ada: Browser) -> None:
    number = len(hall.office.directory.townhall().services)
    warning = "ces courriels ne donnent ni adresse ni téléphone, que la loi demande"
    assert f"{number} services sont incomplets" in text(ada.get(LIST))
    assert f"{number} services à compléter" in text(ada.get("/administration"))
    assert warning in text(ada.get("/administration/demarches/AEN"))
    ada.post(PAGE, **(TYPED | {"phone": ""}))
    assert "pas de téléphone" in text(ada.get(LIST))
    assert "ne donnent pas de téléphone" in text(page_of(ada))
    ada.post(PAGE, **TYPED)
    assert f"{number - 1} services" in text(ada.get("/administration"))
    assert warning not in text(ada.get("/administration/demarches/AEN"))


def test_the_hotline_stands_in_for_a_service_without_a_contact(hall: Hall, ada: Browser) -> None:
    with hall.office.directory.change_townhall(hall.command()) as townhall:
        townhall.change_settings(replace(townhall.settings, hotline=WHOLE))
    assert "celles de l’assistance" in text(ada.get(LIST))
    assert "incomplet" not in text(ada.get(LIST))
    assert "à compléter" not in text(ada.get("/administration"))
    assert "R112-11-1" not in ada.get("/administration/demarches/AEN").text


def test_services_are_in_the_order_of_their_names(ada: Browser) -> None:
    page = ada.get(LIST).text
    assert page.index(">État civil</a>") < page.index(">Urbanisme et domaine public</a>")


def test_saving_the_same_again_is_no_fact_and_an_emptied_box_is_one(hall: Hall, ada: Browser) -> None:
    ada.post(PAGE, **TYPED)
    before = len(hall.installation.register.facts(TOWNHALL_ID))
    assert ada.post(PAGE, **TYPED).status_code == 303
    assert "Rien n’a changé" in text(ada.get(LIST))
    assert len(hall.installation.register.facts(TOWNHALL_ID)) == before
    ada.post(PAGE, service=CIVIL)
    assert contact(hall) == Contact()


@pytest.mark.parametrize(
    ("name", "value"),
    [("email", "pas une adresse"), ("address", "x" * 201), ("phone", "0" * 201)],
)
def test_a_faulty_form_comes_back_as_typed_and_changes_nothing(hall: Hall, ada: Browser, name: str, value: str) -> None:
    answer = ada.post(PAGE, **(TYPED | {name: value}))
    assert answer.status_code == 422
    assert f'id="f-{name}-error"' in answer.text
    assert "1 place de la Mairie" in answer.text or name == "address"
    assert contact(hall) == Contact()


def test_a_colleague_s_change_in_between_is_not_overwritten(hall: Hall, ada: Browser) -> None:
    seen = hidden(page_of(ada).text, "version")
    assert hall.browser("bob").post(PAGE, **(TYPED | {"phone": "03 88 11 11 11"})).status_code == 303
    answer = ada.post(PAGE, **TYPED, version=seen)
    assert answer.status_code == 409
    assert "Bob a enregistré d’autres réglages" in text(answer)
    assert "ce qui a changé : l’adresse, le courriel, le téléphone" in text(answer)
    assert "Adresse postale 1 place de la Mairie 68000 Colmar Courriel etat-civil@exemple.fr" in text(answer)
    assert f'href="{PAGE}?service={quote_plus(CIVIL)}">Rouvrir la page' in answer.text
    assert contact(hall).phone == "03 88 11 11 11"


def test_a_double_click_and_another_service_in_between_are_no_conflict(hall: Hall, ada: Browser) -> None:
    seen = hidden(page_of(ada).text, "version")
    hall.office.directory.set_service(hall.command(), "Archives", Contact())
    for _ in range(2):
        assert ada.post(PAGE, **TYPED, version=seen, command_id="one-click").status_code == 303
    assert contact(hall) == WHOLE


def test_an_address_without_a_service_leads_to_the_list(ada: Browser) -> None:
    for answer in (page_of(ada, ""), ada.post(PAGE, **(TYPED | {"service": ""}))):
        assert (answer.status_code, answer.location) == (303, LIST)
    assert "Choisissez un service." in text(ada.get(LIST))


@pytest.mark.parametrize("service", ["Patinoire", "x" * 5_000, "État civil\x00"])
def test_an_unknown_service_is_not_found(ada: Browser, service: str) -> None:
    assert page_of(ada, service).status_code in (404, 400)
    assert ada.post(PAGE, **(TYPED | {"service": service})).status_code in (404, 400)


def test_a_name_of_any_characters_has_its_page_and_stays_text(hall: Hall, ada: Browser) -> None:
    name = "Eau/assainissement & <b>voirie</b> ?#%2F"
    hall.office.directory.set_service(hall.command(), name, Contact())
    page = page_of(ada, name)
    assert page.status_code == 200
    assert "<b>voirie" not in page.text
    assert ada.post(PAGE, **(TYPED | {"service": name})).status_code == 303
    assert hall.office.directory.townhall().services[name] == WHOLE
    assert "<b>voirie" not in ada.get(LIST).text


def test_an_agent_neither_sees_nor_changes_services(hall: Hall) -> None:
    zoe = hall.browser("zoe")
    assert zoe.get(LIST).status_code == 403
    assert page_of(zoe).status_code == 403
    assert zoe.post(PAGE, **TYPED).status_code == 403
    assert contact(hall) == Contact()
