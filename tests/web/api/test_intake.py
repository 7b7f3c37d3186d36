"""POST /demands: what is accepted, what is refused and how, and that sending again changes nothing."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.letters import LetterKind
from tests.web.answering import good_applicant
from tests.web.api.conftest import CalledTown
from web.problems import PROBLEM_TYPE

ALL = ("AEN", "AEM", "AED", "RCC", "ILE", "JCC", "ATA", "ODP", "DBT", "SIG", "CAN", "SLF", "PAC", "MAR", "DOC")


@pytest.mark.parametrize("procedure", ALL)
def test_a_good_demand_of_each_procedure_is_received(town: CalledTown, procedure: str) -> None:
    response = town.post(town.body(procedure))
    assert response.status_code == 201
    assert response.json is not None
    assert response.json.keys() == {"reference", "status", "submitted_at", "procedure", "service"}
    assert (response.json["status"], response.json["procedure"]) == ("NON_TRAITEE", procedure)
    assert datetime.fromisoformat(response.json["submitted_at"]).utcoffset() == timedelta(0)
    assert response.json["submitted_at"].endswith("+00:00")


def test_what_was_sent_is_what_the_agent_reads(town: CalledTown) -> None:
    body = town.body("ATA")
    dossier = town.office.dossier(town.received("ATA"), town.zoe)
    assert dossier.answers == body["answers"]
    assert dossier.applicant is not None
    assert dossier.applicant.last_name == "Dupré"
    assert dossier.demand.actors[0] == "api:program-intake"
    assert dossier.demand.channel == "internet"


def test_a_citizen_with_an_address_gets_a_receipt_by_mail(town: CalledTown) -> None:
    demand = town.office.dossier(town.received(), None).demand
    assert [mail.kind for mail in town.installation.outbox.of_demand(demand.id)] == [LetterKind.REGISTRATION_RECEIPT]


def test_a_citizen_may_leave_a_name_only(town: CalledTown) -> None:
    assert town.post(town.body(applicant={"last_name": "Li", "first_name": "Y"})).status_code == 201


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"procedure": "ZZZ"}, {"procedure"}),
        ({"procedure": None}, {"procedure"}),
        ({"procedure": ["AEN"]}, {"procedure"}),
        ({"channel": "Internet"}, {"channel"}),
        ({"channel": "x" * 21}, {"channel"}),
        ({"channel": 3}, {"channel"}),
        ({"channel": None}, {"channel"}),
        ({"external_id": 12}, {"external_id"}),
        ({"external_id": "x" * 201}, {"external_id"}),
        ({"external_id": "a\0b"}, {"external_id"}),
        ({"external_id": "\ud800"}, {"external_id"}),
        ({"applicant": None}, {"applicant"}),
        ({"applicant": []}, {"applicant"}),
        ({"applicant": "Zoé"}, {"applicant"}),
        ({"applicant": {}}, {"applicant.last_name", "applicant.first_name"}),
        ({"applicant": good_applicant(email="a@b.fr,c@d.fr")}, {"applicant.email"}),
        ({"applicant": good_applicant(email="a@b.fr\r\nBcc: c@d.fr")}, {"applicant.email"}),
        ({"applicant": good_applicant(email="a\0@b.fr")}, {"applicant.email"}),
        ({"applicant": good_applicant(last_name="x" * 101)}, {"applicant.last_name"}),
        ({"applicant": good_applicant(civility="Dr")}, {"applicant.civility"}),
        ({"applicant": good_applicant(address={"line1": "x"})},
         {"applicant.address.postal_code", "applicant.address.city"}),
        ({"answers": []}, {"answers"}),
        ({"answers": 3}, {"answers"}),
        ({"priority": "high"}, {"priority"}),
        ({"channel": 3, "applicant": {"last_name": "x"}, "answers": {"copies": 9}},
         {"channel", "applicant.first_name", "answers.copies", "answers.kind", "answers.quality", "answers.motive",
          "answers.person_last_name", "answers.person_first_names", "answers.person_birth_date",
          "answers.person_birth_city"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_under_its_name_all_at_once(
    town: CalledTown, changed: dict[str, Any], fields: set[str]
) -> None:
    response = town.post(town.body() | changed)
    assert (response.status_code, response.mimetype) == (422, PROBLEM_TYPE)
    assert response.json is not None
    assert response.json["errors"].keys() == fields
    assert all(isinstance(message, str) for messages in response.json["errors"].values() for message in messages)


def test_without_answers_every_required_field_is_asked_for(town: CalledTown) -> None:
    body = town.body()
    del body["answers"]
    response = town.post(body)
    assert response.status_code == 422
    assert response.json is not None
    assert "answers.copies" in response.json["errors"]


def test_an_attachment_is_refused_by_name(town: CalledTown) -> None:
    body = town.body()
    body["answers"]["identity_document"] = "cni.pdf"
    response = town.post(body)
    assert response.json is not None
    assert response.json["errors"].keys() == {"answers.identity_document"}


def test_answers_to_fields_that_are_not_shown_are_dropped(town: CalledTown) -> None:
    body = town.body()
    body["answers"] |= {"kind": "sans_filiation", "parent1_last_name": 3}
    response = town.post(body)
    assert response.status_code == 201
    assert response.json is not None
    answers = town.office.dossier(response.json["reference"], town.zoe).answers
    assert answers is not None
    assert "parent1_last_name" not in answers


@pytest.mark.parametrize("again", [{"Idempotency_Key": "k-1"}, {}])
def test_the_same_again_is_answered_by_the_first_receipt(town: CalledTown, again: dict[str, str]) -> None:
    body = town.body(external_id=f"case-{len(again)}")
    first, second = town.post(body, **again), town.post(body, **again)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.data == second.data


def test_the_key_alone_is_enough_and_the_body_is_not_judged_again(town: CalledTown) -> None:
    first = town.post(town.body(), Idempotency_Key="once ~!")
    again = town.post({"nothing": "like it"}, Idempotency_Key="once ~!")
    assert (again.status_code, again.data) == (200, first.data)
    assert town.post({"external_id": []}, Idempotency_Key="once ~!").status_code == 200


def test_the_first_receipt_stays_after_erasure(town: CalledTown) -> None:
    first = town.post(town.body(), Idempotency_Key="erased")
    assert first.json is not None
    reference = first.json["reference"]
    town.act(reference, town.zoe, "take_in_charge")
    town.act(reference, town.zoe, "close", "traitee")
    again = town.post(town.body(), Idempotency_Key="erased")
    assert (again.status_code, again.data) == (200, first.data)


def test_two_keys_that_name_two_demands_disagree(town: CalledTown) -> None:
    town.received(external_id="one")
    town.post(town.body(), Idempotency_Key="two")
    response = town.post(town.body(external_id="one"), Idempotency_Key="two")
    assert (response.status_code, response.mimetype) == (409, PROBLEM_TYPE)


def test_a_key_and_an_external_id_of_the_same_text_are_not_the_same(town: CalledTown) -> None:
    town.received(external_id="same text")
    assert town.post(town.body(), Idempotency_Key="same text").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 129, "é", "a\tb"])
def test_an_unusable_key_is_refused(town: CalledTown, key: str) -> None:
    response = town.post(town.body(), Idempotency_Key=key)
    assert (response.status_code, response.mimetype) == (400, PROBLEM_TYPE)


@pytest.mark.parametrize("keys", [{"Idempotency_Key": "crowd"}, {}])
def test_the_same_form_sent_by_many_at_once_is_one_demand(town: CalledTown, keys: dict[str, str]) -> None:
    body = town.body(external_id=f"crowd-{len(keys)}")
    with ThreadPoolExecutor(8) as threads:
        responses = list(threads.map(lambda _: town.post(body, **keys), range(24)))
    assert sorted(response.status_code for response in responses) == [200] * 23 + [201]
    assert len({response.data for response in responses}) == 1


def test_nothing_of_the_citizen_is_in_the_receipt_or_in_a_refusal(town: CalledTown) -> None:
    refused = town.post(town.body(applicant=good_applicant(email="zoe.dupre@exemple.fr,autre@exemple.fr")))
    assert "exemple.fr,autre" not in json.dumps(refused.json)
    assert "Dupr" not in refused.text
