"""What agents do to one demand: done, faulty, impossible now, unknown, forbidden, out of date, doubled."""

import pytest

from domain.references import ALPHABET
from tests.web.pages.conftest import Browser, Hall, text

ACTIONS = {
    "prise-en-compte": ("received", {}, "TakenInCharge"),
    "mise-en-attente": ("taken", {"reason": "avis_attendu", "detail": "Avis du préfet"}, "PutOnHold"),
    "reprise": ("held", {}, "Resumed"),
    "reattribution": ("taken", {"agent": "luc", "note": "À toi"}, "Reassigned"),
    "evenements": ("taken", {"event_type": "appel_usager", "comment": "Il rappellera"}, "EventAdded"),
}
each = pytest.mark.parametrize("action", ACTIONS)


def ready(hall: Hall, action: str) -> tuple[str, str, dict[str, str], str]:
    """A demand on which the action is allowed: its reference, the address, good fields, the fact."""
    state, fields, fact = ACTIONS[action]
    reference: str = getattr(hall, state)()
    return reference, f"/demandes/{reference}/{action}", fields, fact


@each
def test_a_done_action_leads_on_and_is_recorded(hall: Hall, zoe: Browser, action: str) -> None:
    reference, address, fields, fact = ready(hall, action)
    answer = zoe.post(address, **fields)
    assert answer.status_code == 303
    assert fact in hall.facts(reference)
    assert reference in text(zoe.get(answer.location))


@each
def test_a_double_click_does_it_once(hall: Hall, zoe: Browser, action: str) -> None:
    reference, address, fields, fact = ready(hall, action)
    answers = [zoe.post(address, command_id="the-same-click", **fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert hall.facts(reference).count(fact) == 1


@each
def test_a_finished_demand_refuses_whatever_was_typed(hall: Hall, zoe: Browser, action: str) -> None:
    reference = hall.closed()
    answer = zoe.post(f"/demandes/{reference}/{action}", reason="", agent="nobody", event_type="")
    assert answer.status_code == 409
    assert "clôturée" in text(answer).lower()


@each
def test_an_unknown_or_foreign_demand_is_not_found(hall: Hall, max_: Browser, action: str) -> None:
    _, address, fields, _ = ready(hall, action)
    assert max_.post(address, **fields).status_code == 404
    assert max_.post(f"/demandes/AEN-0000-0000-0000/{action}", **fields).status_code == 404


@each
def test_a_page_older_than_a_colleague_s_act_is_out_of_date(
    hall: Hall, zoe: Browser, luc: Browser, action: str
) -> None:
    reference, address, fields, fact = ready(hall, action)
    seen = hall.demand(reference).version
    luc.post(f"/demandes/{reference}/evenements", event_type="piece_recue")
    before = hall.facts(reference).count(fact)
    answer = zoe.post(address, version=seen, **fields)
    assert answer.status_code == 409
    assert "Luc Petit" in text(answer)
    assert hall.facts(reference).count(fact) == before


@each
def test_an_auditor_only_looks(hall: Hall, ines: Browser, action: str) -> None:
    _, address, fields, _ = ready(hall, action)
    assert ines.post(address, **fields).status_code == 403


@pytest.mark.parametrize("action", [name for name in ACTIONS if name != "reattribution"])
def test_a_member_of_the_service_without_the_procedure_may_only_reassign(hall: Hall, eva: Browser, action: str) -> None:
    reference = hall.received("AEM")
    assert eva.post(f"/demandes/{reference}/{action}", **ACTIONS[action][1]).status_code == 403
    assert eva.post(f"/demandes/{reference}/reattribution", agent="luc").status_code == 303


@pytest.mark.parametrize(
    ("action", "fields", "kept"),
    [
        ("mise-en-attente", {"reason": "", "detail": "Le préfet & lui"}, "Le préfet &amp; lui"),
        ("mise-en-attente", {"reason": "inconnu", "detail": "Le préfet"}, "Le préfet"),
        ("mise-en-attente", {"reason": "autre", "detail": "x" * 2_001}, "x" * 2_001),
        ("reattribution", {"agent": "", "note": "Merci Luc"}, "Merci Luc"),
        ("reattribution", {"agent": "max", "note": "Merci Max"}, "Merci Max"),
        ("evenements", {"event_type": "", "comment": "Appelé"}, "Appelé"),
        ("evenements", {"event_type": "inconnu", "comment": "Appelé"}, "Appelé"),
        ("evenements", {"event_type": "appel_usager", "comment": "x" * 2_001}, "x" * 2_001),
    ],
)
def test_a_faulty_form_comes_back_with_what_was_typed(
    hall: Hall, zoe: Browser, action: str, fields: dict[str, str], kept: str
) -> None:
    reference = hall.taken()
    before = hall.demand(reference).version
    answer = zoe.post(f"/demandes/{reference}/{action}", **fields)
    assert answer.status_code == 422
    assert kept in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert hall.demand(reference).version == before


def test_a_demand_is_not_given_to_who_has_it_already(hall: Hall, zoe: Browser) -> None:
    for reference, owner in ((hall.taken(), "zoe"), (hall.received(), "luc")):
        if owner == "luc":
            zoe.post(f"/demandes/{reference}/reattribution", agent="luc")
        before = hall.facts(reference)
        answer = zoe.post(f"/demandes/{reference}/reattribution", agent=owner, note="Merci à toi")
        assert answer.status_code == 422
        assert "Cet agent a déjà la demande" in text(answer)
        assert "Merci à toi" in answer.text
        assert hall.facts(reference) == before
        assert f'<option value="{owner}">' not in zoe.get(f"/demandes/{reference}?action=reassign").text


def test_the_other_is_told_what_changed_and_who_has_it(hall: Hall, zoe: Browser, luc: Browser) -> None:
    reference = hall.received()
    seen = hall.demand(reference).version
    luc.post(f"/demandes/{reference}/prise-en-compte")
    luc.post(f"/demandes/{reference}/evenements", event_type="piece_recue", comment="Le livret")
    said = text(zoe.post(f"/demandes/{reference}/prise-en-compte", version=seen))
    assert "Ce qui a changé : Luc Petit a pris la demande en compte ; événement ajouté, « Pièce reçue »." in said
    assert "Elle est maintenant « en cours », suivie par Luc Petit." in said
    assert "Le livret" not in said


def test_a_click_repeated_after_the_closure_is_still_harmless(hall: Hall, zoe: Browser, luc: Browser) -> None:
    reference = hall.taken()
    fields = {"event_type": "appel_usager", "comment": "Il rappellera", "command_id": "an-old-click"}
    zoe.post(f"/demandes/{reference}/evenements", **fields)
    luc.post(f"/demandes/{reference}/cloture", outcome="traitee", decision="none")
    assert zoe.post(f"/demandes/{reference}/evenements", **fields).status_code == 303
    assert hall.facts(reference).count("EventAdded") == 1


def test_taking_leads_to_the_mail_page_when_there_is_an_address(hall: Hall, zoe: Browser) -> None:
    reference = hall.received()
    answer = zoe.post(f"/demandes/{reference}/prise-en-compte")
    assert answer.location == f"/demandes/{reference}/courriel/prise-en-compte"


def test_the_loser_of_a_race_is_told_who_has_the_demand(hall: Hall, zoe: Browser, luc: Browser) -> None:
    reference = hall.received()
    luc.post(f"/demandes/{reference}/prise-en-compte")
    answer = zoe.post(f"/demandes/{reference}/prise-en-compte")
    assert answer.status_code == 409
    assert "suivie par Luc Petit" in text(answer)


def test_a_reference_typed_loosely_is_understood(hall: Hall, zoe: Browser) -> None:
    reference = hall.received()
    answer = zoe.post(f"/demandes/{reference.lower().replace('-', '')}/prise-en-compte")
    assert answer.status_code == 303
    assert reference in answer.location


def test_a_miscopied_reference_says_so(hall: Hall, zoe: Browser) -> None:
    reference = hall.received()
    wrong = reference[:-1] + ALPHABET[(ALPHABET.index(reference[-1]) + 1) % 32]
    answer = zoe.post(f"/demandes/{wrong}/prise-en-compte")
    assert answer.status_code == 404
    assert "référence mal recopiée" in text(answer).lower()


def test_without_the_page_s_token_nothing_happens(hall: Hall, zoe: Browser) -> None:
    reference = hall.received()
    answer = zoe.post(f"/demandes/{reference}/prise-en-compte", csrf_token="forged")
    assert answer.status_code == 400
    assert "TakenInCharge" not in hall.facts(reference)


def test_closing_what_waits_says_to_resume_it_first(hall: Hall, zoe: Browser) -> None:
    said = text(zoe.post(f"/demandes/{hall.held()}/cloture", outcome="traitee", decision="none"))
    assert "Cette demande ne peut pas être clôturée : elle est « en attente », suivie par Zoé Martin." in said
    assert "Réaffectez d’abord le statut en cours." in said


def test_a_finished_demand_is_followed_by_nobody(hall: Hall, zoe: Browser) -> None:
    said = text(zoe.post(f"/demandes/{hall.closed()}/evenements", event_type="appel_usager"))
    assert "Aucun événement ne peut être ajouté à cette demande : elle est « clôturée »." in said
