"""One procedure's settings: delays, letters with a preview, and a deletion that is confirmed before it is saved."""

import html
import re
from typing import Any

import pytest
from msgspec.structs import replace

from domain.definition import Definition
from domain.drafts import DEFAULTS, template
from domain.letters import LetterKind, Silence
from domain.references import stream_id
from suivi.foreseeing import endings_under
from tests.web.pages.administrators import elsewhere, with_administrators
from tests.web.pages.conftest import Browser, Hall, hidden, text
from web.administration.wording import FIELDS

PAGE = "/administration/demarches/AEN"
HOSTILE = "<b>Objet</b> {reference}"


@pytest.fixture
def hall(fresh_hall: Hall) -> Hall:
    """A town hall with two administrators."""
    return with_administrators(fresh_hall)


@pytest.fixture
def ada(hall: Hall) -> Browser:
    return hall.browser("ada")


def in_force(hall: Hall) -> Definition:
    return hall.office.directory.definition("AEN")


def typed(**changed: Any) -> dict[str, Any]:
    """The form with delays and no letter of its own."""
    usual = {"take_delay_days": "4", "close_delay_days": "20", "delay_calendar": "calendar", "receipt": "1"}
    return usual | changed


def test_procedures_are_in_the_order_of_their_titles_whatever_their_accents(ada: Browser) -> None:
    page = ada.get("/administration/demarches").text
    assert page.index(">Débit de boissons") < page.index(">Dossier de mariage<")


def test_every_procedure_is_listed(ada: Browser) -> None:
    page = ada.get("/administration/demarches")
    assert page.status_code == 200
    assert f'href="{PAGE}"' in page.text
    assert "Copie ou extrait d’acte de naissance" in text(page)


def test_delays_are_in_force_at_once_and_their_author_is_known(hall: Hall, ada: Browser) -> None:
    form_before = in_force(hall).fields
    answer = ada.post(PAGE, **typed(receipt=""))
    assert answer.status_code == 303
    now = in_force(hall)
    assert (now.take_delay_days, now.close_delay_days, now.delay_calendar) == (4, 20, "calendar")
    assert (now.deletion_delay_days, now.reminder_every_days, now.receipt) == (None, None, False)
    assert now.fields == form_before
    last = hall.installation.register.facts(stream_id("procedure", "AEN"))[-1]
    assert (last.name, last.agent) == ("Revised", "ada")
    assert "enregistrée" in text(ada.get(answer.headers["Location"]))


def test_the_page_shows_what_silence_means(hall: Hall, ada: Browser) -> None:
    page = ada.get(PAGE).text
    assert '<option value="none" selected>le silence ne vaut ni acceptation ni refus</option>' in page
    assert 'name="silence_months"' in page
    assert 'name="silence_appeal"' in page


def test_silence_and_ways_of_appeal_are_chosen_and_stand_in_letters(hall: Hall, ada: Browser) -> None:
    refusal = typed(silence_effect="refusal", silence_months="4", silence_appeal=" Écrivez au préfet. ")
    looked_at = ada.post(PAGE, **refusal, preview="acknowledgement")
    assert "votre demande sera réputée refusée. Écrivez au préfet." in text(looked_at)
    assert in_force(hall).silence == Silence(None)
    assert ada.post(PAGE, **refusal).status_code == 303
    assert in_force(hall).silence == Silence("refusal", 4, "Écrivez au préfet.")
    last = hall.installation.register.facts(stream_id("procedure", "AEN"))[-1]
    assert (last.name, last.agent) == ("Revised", "ada")
    assert ">\nÉcrivez au préfet.</textarea>" in ada.get(PAGE).text
    ada.post(PAGE, **typed())
    assert in_force(hall).silence == Silence("refusal", 4, "Écrivez au préfet.")
    ada.post(PAGE, **typed(silence_effect="none", silence_months="", silence_appeal=""))
    assert in_force(hall).silence == Silence(None, 4)


@pytest.mark.parametrize(
    ("fault", "fields"),
    [
        ("silence_effect", {"silence_effect": "doubt", "silence_months": "2"}),
        ("silence_months", {"silence_effect": "acceptance"}),
        ("silence_months", {"silence_effect": "refusal", "silence_months": "0"}),
        ("silence_months", {"silence_effect": "none", "silence_months": "25"}),
        ("silence_appeal", {"silence_effect": "acceptance", "silence_months": "2", "silence_appeal": "Au préfet"}),
        ("silence_appeal", {"silence_effect": "refusal", "silence_months": "2", "silence_appeal": "x" * 1_001}),
    ],
)
def test_an_impossible_silence_is_refused_beside_its_field(
    hall: Hall, ada: Browser, fault: str, fields: dict[str, str]
) -> None:
    answer = ada.post(PAGE, **typed(**fields))
    assert answer.status_code == 422
    assert re.findall(r'id="f-([a-z_]+)-error"', answer.text) == [fault]
    assert fields.get("silence_appeal", "") in text(answer)
    assert in_force(hall).silence == Silence(None)


def test_a_letter_of_its_own_replaces_the_default_and_empty_boxes_bring_it_back(hall: Hall, ada: Browser) -> None:
    ada.post(PAGE, **typed(subject_closure="Fini : {reference}", body_closure="Bonjour {usager}\r\n"))
    own = in_force(hall).templates[LetterKind.CLOSURE]
    assert (own.subject, own.body) == ("Fini : {reference}", "Bonjour {usager}\n")
    ada.post(PAGE, **typed())
    assert in_force(hall).templates == {}


def test_a_letter_left_as_suivi_wrote_it_follows_suivi(hall: Hall, ada: Browser) -> None:
    default = DEFAULTS[LetterKind.CONTACT]
    ada.post(PAGE, **typed(subject_contact=default.subject, body_contact=default.body.replace("\n", "\r\n")))
    assert in_force(hall).templates == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("take_delay_days", "0"),
        ("close_delay_days", "bientôt"),
        ("deletion_delay_days", "3651"),
        ("reminder_every_days", "-7"),
        ("delay_calendar", "lunar"),
        ("subject_closure", "Un objet sans message"),
        ("body_closure", "Un message sans objet"),
    ],
)
def test_a_faulty_form_comes_back_as_typed_and_changes_nothing(hall: Hall, ada: Browser, name: str, value: str) -> None:
    before = in_force(hall)
    answer = ada.post(PAGE, **typed(**{name: value}))
    assert answer.status_code == 422
    assert 'class="fault"' in answer.text
    assert in_force(hall) == before


def test_a_variable_that_no_letter_can_fill_is_refused_beside_its_box(hall: Hall, ada: Browser) -> None:
    answer = ada.post(PAGE, **typed(subject_closure="Fini", body_closure="Cher {prenom}"))
    assert answer.status_code == 422
    assert "Variables inconnues : prenom" in text(answer)
    assert 'id="f-body_closure-error"' in answer.text


def test_a_preview_shows_a_fictitious_applicant_and_saves_nothing(hall: Hall, ada: Browser) -> None:
    before = in_force(hall)
    form = typed(subject_closure="Fini : {reference}", body_closure="{usager}, {issue}.", preview="closure")
    answer = ada.post(PAGE, **form)
    assert answer.status_code == 200
    assert "Mme Camille Exemple, traitée." in text(answer)
    assert 'value="4"' in answer.text
    assert in_force(hall) == before


def test_what_an_administrator_writes_is_shown_as_text(ada: Browser) -> None:
    answer = ada.post(PAGE, **typed(subject_closure=HOSTILE, body_closure="<i>corps</i>", preview="closure"))
    assert "<b>Objet" not in answer.text
    assert "<b>Objet</b> AEN" in html.unescape(answer.text)
    assert "<i>corps" not in answer.text


def test_an_unknown_preview_is_refused(ada: Browser) -> None:
    assert ada.post(PAGE, **typed(preview="adieu")).status_code == 422


def test_a_deletion_is_counted_and_confirmed_before_it_is_saved(hall: Hall) -> None:
    hall.received()
    hall.clock.move(days=18)
    hall.received()
    hall.taken()
    hall.clock.move(days=27)
    ada = hall.browser("ada")
    asked = ada.post(PAGE, **typed(deletion_delay_days="30"))
    assert asked.status_code == 200
    assert "1 demande sera supprimée tout de suite" in text(asked)
    assert "Pour 1 autre" in text(asked)
    assert in_force(hall).deletion_delay_days is None
    confirmed = ada.post(PAGE, **typed(deletion_delay_days="30", confirmed="30-calendar"))
    assert confirmed.status_code == 303
    assert in_force(hall).deletion_delay_days == 30


def test_what_was_confirmed_is_not_another_delay(hall: Hall, ada: Browser) -> None:
    assert ada.post(PAGE, **typed(deletion_delay_days="10", confirmed="30-calendar")).status_code == 200
    assert in_force(hall).deletion_delay_days is None


def test_a_deletion_that_stays_is_not_asked_about_again(hall: Hall, ada: Browser) -> None:
    ada.post(PAGE, **typed(deletion_delay_days="30", confirmed="30-calendar"))
    assert ada.post(PAGE, **typed(deletion_delay_days="30", take_delay_days="9")).status_code == 303
    assert in_force(hall).take_delay_days == 9


def test_no_deletion_counts_nothing(hall: Hall) -> None:
    hall.received()
    assert endings_under(hall.installation, in_force(hall), hall.clock()) == (0, 0)


def test_agents_see_when_a_demand_nobody_takes_will_be_deleted(hall: Hall, ada: Browser) -> None:
    reference, zoe = hall.received(), hall.browser("zoe")
    assert "suppression le" not in text(zoe.get("/demandes/non-traitees"))
    ada.post(PAGE, **typed(deletion_delay_days="60", confirmed="60-calendar"))
    assert "suppression le 30/04/2027" in text(zoe.get("/demandes/non-traitees"))
    assert "suppression le 30/04/2027" in text(zoe.get("/demandes/service"))
    for section in ("non-traitees", "service"):
        header, line = zoe.get(f"/demandes/{section}.csv?reference={reference}").text.splitlines()
        assert dict(zip(header.split(";"), line.split(";"), strict=True))["Suppression le"].startswith("30/04/2027")
    assert "si personne ne la prend en compte" in text(zoe.get(f"/demandes/{reference}"))
    zoe.post(f"/demandes/{reference}/prise-en-compte")
    assert "si personne ne la prend en compte" not in text(zoe.get(f"/demandes/{reference}"))
    assert "suppression le" not in text(zoe.get("/demandes/service"))


def test_who_was_designated_sees_on_the_home_page_when_his_demand_will_be_deleted(hall: Hall, ada: Browser) -> None:
    reference, zoe = hall.received(), hall.browser("zoe")
    zoe.post(f"/demandes/{reference}/reattribution", agent="zoe")
    assert "suppression le" not in text(zoe.get("/"))
    ada.post(PAGE, **typed(deletion_delay_days="60", confirmed="60-calendar"))
    assert "suppression le 30/04/2027" in text(zoe.get("/"))


def test_a_colleague_s_change_in_between_is_not_overwritten(hall: Hall, ada: Browser) -> None:
    seen = hidden(ada.get(PAGE).text, "version")
    assert hall.browser("bob").post(PAGE, **typed(take_delay_days="8")).status_code == 303
    answer = ada.post(PAGE, **typed(), version=seen)
    assert answer.status_code == 409
    assert "Bob a enregistré d’autres réglages" in text(answer)
    assert "ce qui a changé : le délai de prise en compte" in text(answer)
    assert in_force(hall).take_delay_days == 8


def test_a_conflict_gives_back_what_was_changed_by_its_label(hall: Hall, ada: Browser) -> None:
    page = ada.get(PAGE).text
    seen, letter = hidden(page, "version"), template(in_force(hall), LetterKind.CLOSURE)
    hall.browser("bob").post(PAGE, **typed(take_delay_days="8"))
    mine = {"close_delay_days": "33", "silence_effect": "refusal"}
    mine |= {"silence_months": "2", "receipt": ""}
    bodies = {
        "subject_closure": letter.subject,
        "body_closure": letter.body.replace("\n", "\r\n"),
        "subject_contact": template(in_force(hall), LetterKind.CONTACT).subject,
        "body_contact": HOSTILE,
    }
    answer = ada.post(PAGE, **typed(**mine, **bodies), version=seen)
    assert answer.status_code == 409
    said = text(answer)
    assert "Clôture, après la prise en compte 33" in said
    assert "Sans réponse la demande est réputée refusée" in said
    assert "Message, courriel à l’usager &lt;b&gt;Objet" in answer.text.replace('</h3><blockquote class="typed">', " ")
    assert "clôture" not in said.split("Ce que vous aviez changé")[1].replace("Clôture, après", "")
    assert f'href="{PAGE}">Rouvrir la page' in answer.text


@pytest.mark.parametrize("page", [PAGE, "/administration/reglages"])
def test_every_field_of_a_page_would_be_given_back(ada: Browser, page: str) -> None:
    save = "settings" if page.endswith("reglages") else "procedure"
    form = ada.get(page).text.split('class="settings-form">')[1].split("</form>")[0]
    named = set(re.findall(r'<(?:input|select|textarea)[^>]* name="([a-z_]+)"', form)) - {"csrf_token", "author"}
    assert named - {"version", "command_id"} == set(FIELDS[f"administration.change_{save}"])


def test_two_windows_of_one_administrator_do_not_overwrite_each_other(hall: Hall, ada: Browser) -> None:
    seen = hidden(ada.get(PAGE).text, "version")
    assert ada.post(PAGE, **typed(), version=seen).status_code == 303
    answer = ada.post(PAGE, **typed(take_delay_days="9"), version=seen)
    assert answer.status_code == 409
    assert "dans une autre fenêtre" in text(answer)
    assert in_force(hall).take_delay_days == 4


def test_a_form_imported_in_between_is_not_overwritten(hall: Hall, ada: Browser) -> None:
    seen = hidden(ada.get(PAGE).text, "version")
    imported = replace(in_force(hall), fields=[])
    hall.office.directory.define_procedure(hall.command("system:cli"), imported)
    answer = ada.post(PAGE, **typed(), version=seen)
    assert answer.status_code == 409
    assert "Une commande du serveur a enregistré d’autres réglages" in text(answer)
    assert in_force(hall) == imported


def test_who_is_recorded_during_the_very_save_is_not_overwritten(
    hall: Hall, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, raced = hall.installation.register.append, []

    def overtaken(*arguments: Any, **named: Any) -> None:
        if not raced:
            raced.append(0)
            raced[:] = [elsewhere(lambda: hall.browser("bob").post(PAGE, **typed(take_delay_days="8")).status_code)]
        append(*arguments, **named)

    monkeypatch.setattr(hall.installation.register, "append", overtaken)
    assert ada.post(PAGE, **typed()).status_code == 409
    assert raced == [303]
    assert in_force(hall).take_delay_days == 8


def test_a_preview_keeps_the_version_that_was_seen(hall: Hall, ada: Browser) -> None:
    seen = hidden(ada.get(PAGE).text, "version")
    hall.browser("bob").post(PAGE, **typed(take_delay_days="8"))
    assert hidden(ada.post(PAGE, **typed(preview="closure"), version=seen).text, "version") == seen


def test_an_unknown_procedure_is_not_found(ada: Browser) -> None:
    assert ada.get("/administration/demarches/ZZZ").status_code == 404
    assert ada.post("/administration/demarches/ZZZ", **typed()).status_code == 404


def test_an_agent_neither_sees_nor_changes_a_procedure(hall: Hall) -> None:
    zoe, before = hall.browser("zoe"), in_force(hall)
    assert zoe.get("/administration/demarches").status_code == 403
    assert zoe.get(PAGE).status_code == 403
    assert zoe.post(PAGE, **typed()).status_code == 403
    assert in_force(hall) == before
