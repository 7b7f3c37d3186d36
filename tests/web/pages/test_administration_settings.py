"""The town's settings: each change is a fact with its author, nothing is saved over a colleague's."""

from typing import Any

import pytest

from domain.townhall import TOWNHALL_ID, Contact, Settings
from tests.web.pages.administrators import elsewhere, with_administrators
from tests.web.pages.conftest import Browser, Hall, hidden, text

PAGE = "/administration/reglages"
HOSTILE = "Mairie de <img src=x onerror=alert(1)>"
TYPED: dict[str, Any] = {
    "name": "Mairie de Colmar",
    "hotline_address": "1 place de la Mairie\n68000 Colmar",
    "hotline_email": "accueil@exemple.fr",
    "hotline_phone": "03 88 00 00 00",
    "hotline_fax": "",
    "alsace_moselle": "1",
    "reminder_every_days": "5",
    "reminder_weekdays": ["4", "1"],
    "reminder_hour": "9",
    "digest_weekdays": ["1", "2", "3", "4", "5", "6"],
    "digest_hour": "17",
    "expiry_warning_days": "7, 60",
    "soon_late_days": "2",
    "archive_after_days": "180",
    "mails_per_minute": "0",
}

BY_BOB: dict[str, Any] = TYPED | {"name": "Mairie de Bob"}


@pytest.fixture
def hall(fresh_hall: Hall) -> Hall:
    """A town hall with two administrators."""
    return with_administrators(fresh_hall)


@pytest.fixture
def ada(hall: Hall) -> Browser:
    return hall.browser("ada")


def in_force(hall: Hall) -> Settings:
    return hall.office.directory.townhall().settings


def test_what_is_typed_is_in_force_and_its_author_is_known(hall: Hall, ada: Browser) -> None:
    answer = ada.post(PAGE, **TYPED)
    assert answer.status_code == 303
    settings = in_force(hall)
    assert (settings.name, settings.alsace_moselle, settings.reminder_every_days) == ("Mairie de Colmar", True, 5)
    assert settings.hotline == Contact("1 place de la Mairie\n68000 Colmar", "accueil@exemple.fr", "03 88 00 00 00")
    assert (settings.reminder_times.weekdays, settings.reminder_times.hour) == ((1, 4), 9)
    assert (settings.digest_times.weekdays, settings.digest_times.hour) == ((1, 2, 3, 4, 5, 6), 17)
    assert settings.expiry_warning_days == (60, 7)
    assert (settings.soon_late_days, settings.archive_after_days, settings.mails_per_minute) == (2, 180, 0)
    last = hall.installation.register.facts(TOWNHALL_ID)[-1]
    assert (last.name, last.agent) == ("SettingsChanged", "ada")
    assert "enregistrés" in text(ada.get(answer.headers["Location"]))


def test_the_page_shows_what_is_in_force(hall: Hall, ada: Browser) -> None:
    ada.post(PAGE, **TYPED)
    page = ada.get(PAGE).text
    assert 'value="60, 7"' in page
    assert 'name="reminder_weekdays" value="4" checked' in page
    assert 'name="reminder_weekdays" value="2" checked' not in page
    assert '<option value="17" selected>' in page


def test_saving_the_same_again_is_no_fact(hall: Hall, ada: Browser) -> None:
    ada.post(PAGE, **TYPED)
    before = len(hall.installation.register.facts(TOWNHALL_ID))
    answer = ada.post(PAGE, **TYPED)
    assert answer.status_code == 303
    assert len(hall.installation.register.facts(TOWNHALL_ID)) == before
    assert "Rien n’a changé" in text(ada.get(PAGE))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("name", "x" * 201),
        ("hotline_email", "pas une adresse"),
        ("reminder_every_days", "0"),
        ("reminder_every_days", "souvent"),
        ("reminder_weekdays", []),
        ("reminder_weekdays", ["8"]),
        ("reminder_hour", "24"),
        ("digest_weekdays", ["lundi"]),
        ("digest_hour", ""),
        ("expiry_warning_days", "30, bientôt"),
        ("expiry_warning_days", "1 2 3 4 5 6"),
        ("expiry_warning_days", "400"),
        ("soon_late_days", "-1"),
        ("archive_after_days", "99999"),
        ("mails_per_minute", "60001"),
    ],
)
def test_a_faulty_form_comes_back_as_typed_and_changes_nothing(
    hall: Hall, ada: Browser, name: str, value: str | list[str]
) -> None:
    before = in_force(hall)
    answer = ada.post(PAGE, **(TYPED | {name: value}))
    assert answer.status_code == 422
    assert 'class="fault"' in answer.text
    assert 'value="03 88 00 00 00"' in answer.text
    assert in_force(hall) == before


def test_a_colleague_s_change_in_between_is_not_overwritten(hall: Hall, ada: Browser) -> None:
    seen = hidden(ada.get(PAGE).text, "version")
    assert hall.browser("bob").post(PAGE, **BY_BOB).status_code == 303
    answer = ada.post(PAGE, **TYPED, version=seen)
    assert answer.status_code == 409
    assert "Bob a enregistré d’autres réglages" in text(answer)
    assert "ce qui a changé : le nom de la commune, l’assistance" in text(answer)
    assert in_force(hall).name == "Mairie de Bob"


def test_two_windows_of_one_administrator_do_not_overwrite_each_other(hall: Hall, ada: Browser) -> None:
    seen = hidden(ada.get(PAGE).text, "version")
    assert ada.post(PAGE, **TYPED, version=seen).status_code == 303
    answer = ada.post(PAGE, **(TYPED | {"soon_late_days": "9"}), version=seen)
    assert answer.status_code == 409
    assert "Vous avez enregistré d’autres réglages, dans une autre fenêtre" in text(answer)
    assert in_force(hall).soon_late_days == 2


def kept(answer: Any) -> str:
    """What the page of a conflict gives back."""
    return text(answer).split("Ce que vous aviez changé")[1].split("Rouvrir la page")[0]


def test_a_conflict_gives_back_what_was_changed_by_its_label_and_nothing_else(hall: Hall, ada: Browser) -> None:
    ada.post(PAGE, **TYPED)
    seen = hidden(ada.get(PAGE).text, "version")
    hall.browser("bob").post(PAGE, **BY_BOB)
    mine = {
        "mails_per_minute": "30",
        "reminder_weekdays": ["1", "2"],
        "hotline_phone": "",
        "expiry_warning_days": "60, 7",
    }
    answer = ada.post(
        PAGE, **(TYPED | mine | {"hotline_address": "1 place de la Mairie\r\n68000 Colmar"}), version=seen
    )
    said = " ".join(kept(answer).split())
    assert said.endswith("Téléphone vide Jours des relances lundi, mardi Courriels par minute, au plus 30")
    assert not any(label in said for label in ("Adresse", "Nom", "Alsace", "Heure", "Avertir"))
    assert f'href="{PAGE}">Rouvrir la page' in answer.text


def test_a_conflict_about_what_was_not_changed_by_oneself_has_nothing_to_give_back(hall: Hall, ada: Browser) -> None:
    ada.post(PAGE, **TYPED)
    seen = hidden(ada.get(PAGE).text, "version")
    hall.browser("bob").post(PAGE, **BY_BOB)
    answer = ada.post(PAGE, **(TYPED | {"expiry_warning_days": "60, 7"}), version=seen)
    assert (answer.status_code, "Ce que vous aviez changé" in answer.text) == (409, False)


def test_a_double_click_is_no_conflict(hall: Hall, ada: Browser) -> None:
    seen = hidden(ada.get(PAGE).text, "version")
    for _ in range(2):
        assert ada.post(PAGE, **TYPED, version=seen, command_id="one-click").status_code == 303
    assert in_force(hall).name == "Mairie de Colmar"


def test_a_new_service_in_between_is_no_conflict(hall: Hall, ada: Browser) -> None:
    seen = hidden(ada.get(PAGE).text, "version")
    hall.office.directory.set_service(hall.command(), "Archives", Contact())
    assert ada.post(PAGE, **TYPED, version=seen).status_code == 303


def test_who_is_recorded_during_the_very_save_is_not_overwritten(
    hall: Hall, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, append, raced = hidden(ada.get(PAGE).text, "version"), hall.installation.register.append, []

    def overtaken(*arguments: Any, **named: Any) -> None:
        if not raced:
            raced.append(0)
            raced[:] = [elsewhere(lambda: hall.browser("bob").post(PAGE, **BY_BOB).status_code)]
        append(*arguments, **named)

    monkeypatch.setattr(hall.installation.register, "append", overtaken)
    answer = ada.post(PAGE, **TYPED, version=seen)
    assert (raced, answer.status_code) == ([303], 409)
    assert "Bob a enregistré d’autres réglages" in text(answer)
    assert in_force(hall).name == "Mairie de Bob"


def test_a_service_recorded_during_the_very_save_costs_nothing(
    hall: Hall, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, append, raced = hidden(ada.get(PAGE).text, "version"), hall.installation.register.append, []

    def overtaken(*arguments: Any, **named: Any) -> None:
        if not raced:
            raced.append(1)
            hall.office.directory.set_service(hall.command(), "Archives", Contact())
        append(*arguments, **named)

    monkeypatch.setattr(hall.installation.register, "append", overtaken)
    assert ada.post(PAGE, **TYPED, version=seen).status_code == 303
    assert in_force(hall).name == "Mairie de Colmar"
    assert "Archives" in hall.office.directory.townhall().services


def test_a_form_that_came_back_still_notices_the_colleague(hall: Hall, ada: Browser) -> None:
    seen = hidden(ada.get(PAGE).text, "version")
    hall.browser("bob").post(PAGE, **BY_BOB)
    again = ada.post(PAGE, **(TYPED | {"name": ""}), version=seen)
    assert hidden(again.text, "version") == seen


def test_a_hostile_name_is_shown_as_text(hall: Hall, ada: Browser) -> None:
    assert ada.post(PAGE, **(TYPED | {"name": HOSTILE})).status_code == 303
    assert "<img src=x" not in ada.get(PAGE).text


def test_an_agent_neither_sees_nor_changes_settings(hall: Hall) -> None:
    zoe, before = hall.browser("zoe"), in_force(hall)
    assert zoe.get(PAGE).status_code == 403
    assert zoe.post(PAGE, **TYPED).status_code == 403
    assert in_force(hall) == before


def test_the_holidays_of_alsace_count_as_soon_as_they_are_ticked(hall: Hall) -> None:
    """Easter Monday 2027 is 29 March, Good Friday the 26th: two working days after the 25th are one day later there."""
    hall.clock.move(days=24)
    reference = hall.received()
    hugo = hall.browser("hugo")
    assert "30/03/2027" in text(hugo.get(f"/demandes/{reference}"))
    assert hall.browser("ada").post(PAGE, **TYPED).status_code == 303
    assert "31/03/2027" in text(hugo.get(f"/demandes/{reference}"))
