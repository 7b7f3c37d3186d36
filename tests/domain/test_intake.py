"""Intake: a form sent twice is one demand, whatever is lost on the way."""

from functools import partial

import pytest

from domain.applicant import Applicant
from domain.errors import KeysDisagree, UnknownProcedure
from domain.facts import Command
from domain.intake import Form
from domain.letters import Letter, LetterKind
from domain.ports import LostRace
from domain.references import demand_id, read_reference
from tests.domain.town import MARIE, NOON, Town


def test_a_form_becomes_a_demand_and_its_receipt_says_nothing_personal(town: Town) -> None:
    receipt = town.receive()
    assert receipt.reference == read_reference(receipt.reference)
    assert receipt.reference.startswith("AEN-")
    assert (receipt.procedure, receipt.service, receipt.again) == ("AEN", "État civil", False)
    assert "Dupont" not in repr(receipt)
    assert town.demand(receipt.reference).submitted_at == receipt.submitted_at


def test_a_citizen_with_an_address_is_told_the_reference(town: Town) -> None:
    reference = town.receive().reference
    (letter,) = town.letters(reference, LetterKind.REGISTRATION_RECEIPT)
    assert letter.recipient == "marie@exemple.fr"
    assert reference in letter.subject
    assert town.names(reference) == ["Submitted", "MailRequested"]
    assert town.dossier(reference).letter(town.facts(reference)[-1]) == letter
    assert isinstance(letter, Letter)


def test_no_receipt_leaves_without_an_address_or_where_the_procedure_sends_none(town: Town) -> None:
    silent = town.receive(Applicant("Martin", "Ali")).reference
    canteen = town.receive(procedure="CAN").reference
    assert (town.names(silent), town.names(canteen)) == (["Submitted"], ["Submitted"])
    assert not town.history.letters
    assert (town.demand(silent).has_email, town.demand(canteen).has_email) == (False, True)


@pytest.mark.parametrize(
    "keys", [{"idempotency_key": "k"}, {"external_id": "e"}, {"idempotency_key": "k", "external_id": "e"}]
)
def test_the_same_keys_find_the_same_demand(town: Town, keys: dict[str, str]) -> None:
    first = town.receive(MARIE, "AEN", **keys)
    recorded, minted = len(town.history.recorded), len(town.keyring.stored)
    again = town.receive(Applicant("Autre", "Personne"), "AEN", **keys)
    assert (again.reference, again.submitted_at, again.again) == (first.reference, first.submitted_at, True)
    assert (len(town.history.recorded), len(town.keyring.stored)) == (recorded, minted)


def test_one_of_two_keys_is_enough(town: Town) -> None:
    first = town.receive(idempotency_key="k", external_id="e")
    assert town.receive(idempotency_key="k").reference == first.reference
    assert town.receive(external_id="e").reference == first.reference
    assert town.receive(idempotency_key="k", external_id="other").reference == first.reference


def test_a_key_is_no_external_id_and_belongs_to_one_client(town: Town) -> None:
    first = town.receive(idempotency_key="k")
    assert town.receive(external_id="k").reference != first.reference
    form = Form("AEN", "phone", MARIE, {}, "import", idempotency_key="k")
    assert town.office.intake.submit(town.command("api:import"), form).reference != first.reference


def test_without_keys_each_form_is_a_demand(town: Town) -> None:
    assert town.receive().reference != town.receive().reference
    assert town.office.intake.earlier("site", None, None) is None


def test_keys_that_name_two_demands_disagree(town: Town) -> None:
    references = {town.receive(idempotency_key="k").reference, town.receive(external_id="e").reference}
    with pytest.raises(KeysDisagree) as caught:
        town.receive(idempotency_key="k", external_id="e")
    assert all(reference in str(caught.value) for reference in references)
    with pytest.raises(KeysDisagree):
        town.office.intake.earlier("site", "k", "e")


def test_the_receipt_is_the_same_after_erasure(town: Town) -> None:
    first = town.receive(idempotency_key="k")
    with town.hands("camille", first.reference) as demand:
        demand.take_in_charge()
        demand.close("traitee")
    again = town.receive(idempotency_key="k")
    assert (again.reference, again.service, again.submitted_at) == (first.reference, first.service, first.submitted_at)
    assert town.keyring.stored[demand_id(first.reference)] is None


def test_two_posts_at_the_same_instant_make_one_demand(town: Town) -> None:
    other: list[str] = []
    town.history.meanwhile = [lambda: other.append(town.receive(idempotency_key="k").reference)]
    receipt = town.receive(idempotency_key="k")
    assert (receipt.again, [receipt.reference]) == (True, other)
    assert sum(fact.name == "Submitted" for fact in town.history.recorded) == 1


def test_a_race_that_leaves_two_keys_in_disagreement_is_told(town: Town) -> None:
    def meanwhile() -> None:
        town.receive(idempotency_key="k")
        town.receive(external_id="e")

    town.history.meanwhile = [meanwhile]
    with pytest.raises(KeysDisagree):
        town.receive(idempotency_key="k", external_id="e")


def test_a_reference_drawn_twice_is_never_shared(town: Town) -> None:
    town.office.random_bits = lambda _: 12345
    first = town.receive()
    with pytest.raises(LostRace):
        town.receive()
    assert town.names(first.reference) == ["Submitted", "MailRequested"]


def test_an_unknown_procedure_mints_no_key(town: Town) -> None:
    minted = len(town.keyring.stored)
    with pytest.raises(UnknownProcedure):
        town.receive(procedure="NOPE")
    assert len(town.keyring.stored) == minted


def test_a_demand_begun_under_a_passing_key_is_never_read_again(town: Town) -> None:
    reference = "AEN-7QK3-M2XD-H5T1"
    form = Form("AEN", "internet", MARIE, {}, "import")
    demand = town.office.intake.begin(Command("api:import", NOON, "i"), reference, form, town.keyring.passing())
    town.history.append(list(demand.collect_events()))  # type: ignore[arg-type]  # the library's wider type
    assert town.dossier(reference).applicant is None


def test_the_intake_key_of_an_external_id_is_the_one_submit_writes(town: Town) -> None:
    reference = town.receive(external_id="case-1").reference
    fingerprint = town.office.intake.fingerprint_of("site", "case-1")
    assert town.history.references([fingerprint]) == {fingerprint: reference}


def test_a_form_shows_nothing_of_the_citizen() -> None:
    assert repr(Form("AEN", "internet", MARIE, {"secret": 1}, "site")) == "Form(AEN)"


def test_saving_is_announced(town: Town) -> None:
    saves = town.saves
    partial(town.receive, idempotency_key="k")()
    town.receive(idempotency_key="k")
    assert town.saves == saves + 1
