"""« Mes filtres »: kept, shown above their list, applied, renamed, deleted; one's own only, and no citizen in them."""

import html
import re

import pytest

from store.named_filters import MOST, NamedFilters
from tests.web.building import app_of
from tests.web.pages.conftest import Browser, Hall, text

LATE = {"section": "untreated", "procedure": "AED", "late": "1", "sort": "-received", "name": "Décès en retard"}


def above(page: str) -> dict[str, str]:
    """The filters above a list: name and address."""
    found = re.search(r'<nav class="own-filters".*?</nav>', page, re.DOTALL)
    links = re.findall(r'<a class="own-filter" href="([^"]+)"[^>]*>([^<]+)</a>', found[0]) if found else []
    return {html.unescape(name): html.unescape(address) for address, name in links}


def forms(page: str) -> list[list[tuple[str, str]]]:
    """The fields of the forms that keep a filter, hidden ones and the button's."""
    found = re.findall(r'<form method="post" action="/filtres".*?</form>', page, re.DOTALL)
    named = r'(?:type="hidden"|type="submit") name="([a-z_]+)" value="([^"]*)"'
    return [[(n, html.unescape(v)) for n, v in re.findall(named, one) if n != "csrf_token"] for one in found]


def numbers(browser: Browser) -> dict[str, str]:
    """The addresses of one's own filters by name."""
    page = browser.get("/filtres").text
    found = re.findall(r'<p class="own-name"><a href="[^"]*">([^<]+)</a>.*?action="(/filtres/\d+)"', page, re.DOTALL)
    return {html.unescape(name): address for name, address in found}


def test_criteria_are_kept_and_stand_above_their_list(hall: Hall, zoe: Browser) -> None:
    hall.received("AED")
    answer = zoe.post("/filtres", **LATE)
    assert answer.status_code == 303
    page = zoe.get(answer.location)
    assert "Le filtre « Décès en retard » est enregistré." in text(page)
    assert above(page.text) == {"Décès en retard": answer.location}
    assert 'aria-current="page">Décès en retard' in page.text
    assert "Enregistrer ces critères" not in page.text
    assert above(zoe.get("/demandes/service").text) == {}
    assert above(zoe.get("/demandes/non-traitees").text) == {"Décès en retard": answer.location}
    assert 'aria-current="page">Décès en retard' not in zoe.get("/demandes/non-traitees").text


def test_a_list_offers_to_keep_its_criteria(zoe: Browser) -> None:
    page = zoe.get("/demandes/service?procedure=AEN&status=EN_ATTENTE&sort=due&size=50").text
    form = re.search(r'<form method="post" action="/filtres".*?</form>', page, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', form[0]))
    kept = {name: fields[name] for name in ("section", "procedure", "status", "sort")}
    assert kept == {"section": "service", "procedure": "AEN", "status": "EN_ATTENTE", "sort": "due"}
    assert "Enregistrer ces critères" not in zoe.get("/demandes/service").text


def test_the_citizen_looked_for_is_never_kept(hall: Hall, zoe: Browser) -> None:
    address = zoe.post("/demandes/service", applicant="oeuvrard", procedure="AEN").location
    page = zoe.get(address).text
    form = re.search(r'<form method="post" action="/filtres".*?</form>', page, re.DOTALL)
    assert form is not None
    assert 'name="cherche"' not in form[0]
    cherche = re.search(r"cherche=([^&]+)", address)[1]  # type: ignore[index]
    answer = zoe.post("/filtres", name="Naissances", section="service", procedure="AEN", cherche=cherche, applicant="x")
    assert answer.location == "/demandes/service?procedure=AEN"
    kept = hall.installation.named_filters.of("zoe")
    assert [dict(one.criteria) for one in kept if one.name == "Naissances"] == [{"procedure": "AEN"}]
    by_reference = zoe.post("/filtres", name="Une", section="service", procedure="AEN", reference="Almeida")
    assert by_reference.location == "/demandes/service?procedure=AEN"
    alone = zoe.post("/filtres", name="Elle", section="service", cherche=cherche)
    assert alone.status_code == 422
    assert "pas de critère à garder" in text(alone)
    assert "Enregistrer ces critères" not in zoe.get(f"/demandes/service?cherche={cherche}").text


def test_the_same_name_replaces_once_it_is_confirmed(luc: Browser) -> None:
    first = luc.post("/filtres", **LATE).location
    asked = luc.post("/filtres", **(LATE | {"procedure": "AEM"}))
    words = text(asked)
    assert asked.status_code == 200
    assert "Rien n’est encore enregistré." in words
    assert "Vous avez déjà un filtre « Décès en retard » dans « Non traitées »." in words
    assert re.search("Il contient Démarche : .*décès, En retard Il contiendrait Démarche : .*mariage, En retard", words)
    assert above(luc.get(first).text) == {LATE["name"]: first}
    again, other_name = (dict(fields) for fields in forms(asked.text))
    answer = luc.post("/filtres", **again)
    assert above(luc.get(answer.location).text) == {LATE["name"]: answer.location}
    assert "procedure=AEM" in answer.location
    assert "replaces" not in other_name
    assert luc.post("/filtres", **(other_name | {"name": "Mariages"})).location == answer.location
    assert set(above(luc.get(first).text)) == {LATE["name"], "Mariages"}


def test_a_confirmation_replaces_only_the_filter_that_was_named(luc: Browser) -> None:
    luc.post("/filtres", **(LATE | {"name": "Le mien"}))
    answer = luc.post("/filtres", **(LATE | {"name": "Le mien", "procedure": "AEM", "replaces": "999999"}))
    assert "Rien n’est encore enregistré." in text(answer)


def test_the_same_criteria_under_the_same_name_are_no_question(luc: Browser) -> None:
    kept = LATE | {"name": "Deux fois"}
    assert luc.post("/filtres", **kept).location == luc.post("/filtres", **kept).location
    assert "Le filtre « Deux fois » est enregistré." in text(luc.get("/filtres"))


def test_filters_are_renamed_and_deleted(hugo: Browser) -> None:
    for name in ("Un", "Deux"):
        hugo.post("/filtres", **(LATE | {"name": name}))
    mine = numbers(hugo)
    taken = hugo.post(mine["Un"], name="Deux")
    assert taken.status_code == 422
    assert "Un autre de vos filtres a ce nom" in text(taken)
    assert hugo.post(mine["Un"], name="Trois").status_code == 303
    assert sorted(above(hugo.get("/demandes/non-traitees").text)) == ["Deux", "Trois"]
    assert hugo.post(f"{mine['Un']}/suppression").status_code == 303
    assert sorted(above(hugo.get("/demandes/non-traitees").text)) == ["Deux"]
    assert hugo.post(f"{mine['Un']}/suppression").status_code == 404


@pytest.mark.parametrize("what", ["", "/suppression"])
def test_nobody_touches_the_filters_of_others(hall: Hall, eva: Browser, max_: Browser, what: str) -> None:
    eva.post("/filtres", **(LATE | {"name": "À moi"}))
    address = numbers(eva)["À moi"]
    answer = max_.post(f"{address}{what}", name="Pris")
    assert answer.status_code == 404
    assert max_.post(f"/filtres/{10**30}{what}", name="Pris").status_code == 404
    assert "À moi" in numbers(eva)
    assert above(max_.get("/demandes/non-traitees").text) == {}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "À renseigner"),
        ("x" * 41, "Au plus 40 caractères"),
        ("zoe@exemple.fr", "Pas d’adresse électronique"),
        ("0612345678", "Pas d’adresse électronique"),
    ],
)
def test_a_refused_name_loses_no_criteria(zoe: Browser, name: str, said: str) -> None:
    answer = zoe.post("/filtres", **(LATE | {"name": name}))
    assert answer.status_code == 422
    assert said in text(answer)
    form = re.search(r'<form method="post" action="/filtres".*?</form>', answer.text, re.DOTALL)
    assert form is not None
    assert 'name="procedure" value="AED"' in form[0]
    assert 'name="name" required' in form[0]
    assert f'value="{name}"' in form[0]


@pytest.mark.parametrize("changed", [{"section": "elsewhere"}, {"status": "PERDUE"}, {"received_from": "hier"}])
def test_impossible_criteria_are_not_kept(zoe: Browser, changed: dict[str, str]) -> None:
    assert zoe.post("/filtres", **(LATE | changed)).status_code == 422


def test_there_is_a_most(fresh_hall: Hall) -> None:
    zoe = fresh_hall.browser("zoe")
    for number in range(MOST):
        assert zoe.post("/filtres", **(LATE | {"name": f"Filtre {number}"})).status_code == 303
    refused = zoe.post("/filtres", **(LATE | {"name": "De trop"}))
    assert refused.status_code == 422
    assert f"Vous avez déjà {MOST} filtres" in text(refused)
    number = numbers(zoe)["Filtre 3"].removeprefix("/filtres/")
    changed = LATE | {"name": "Filtre 3", "procedure": "AEM", "replaces": number}
    assert zoe.post("/filtres", **changed).status_code == 303


def test_another_process_shows_a_change_at_once_to_who_made_it(fresh_hall: Hall) -> None:
    """Two processes behind a proxy: each remembers for minutes what it read."""
    installation, client = fresh_hall.installation, fresh_hall.app.test_client()
    installation.sessions.open("zoe", fresh_hall.clock(), "a" * 64)
    with client.session_transaction() as session:
        session["token"], session["code"] = "a" * 64, "zoe"
    zoe, other = Browser(client), NamedFilters(installation.stores.accounts)
    elsewhere = app_of(installation, named_filters=other).test_client()

    def seen() -> dict[str, str]:
        cookie = client.get_cookie("suivi")
        assert cookie is not None
        elsewhere.set_cookie("suivi", cookie.value)
        return above(elsewhere.get("/demandes/non-traitees").text)

    assert seen() == {}
    zoe.post("/filtres", **LATE)
    assert list(seen()) == [LATE["name"]]


def test_only_those_who_work_on_demands_keep_filters(hall: Hall, ines: Browser) -> None:
    assert ines.get("/filtres").status_code == 403
    assert ines.post("/filtres", **LATE).status_code == 403
    assert hall.app.test_client().get("/filtres").status_code == 303


def test_a_hostile_name_is_text(max_: Browser) -> None:
    name = '"><script>alert(1)</script>'
    answer = max_.post("/filtres", **(LATE | {"name": name}))
    for page in (max_.get(answer.location).text, max_.get("/filtres").text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
