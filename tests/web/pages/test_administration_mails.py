"""The administrators' mail queue: counts, reasons and « Renvoyer », never a text, an address or a demand's content."""

import html
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.demand import Demand
from domain.ports import Outgoing
from domain.references import demand_id
from domain.rights import Rights, Role
from store import outbox_lists
from store.outbox import Mail
from suivi.serving import worker_parts
from tests.web.pages.administrators import with_administrators
from tests.web.pages.conftest import CIVIL, MARIE, Browser, Hall, hidden, text
from web import wording
from web.administration import blueprint, mails
from web.administration.mails import KINDS, SIZE
from workers.delivery import Deliverer, Verdict
from workers.transport import MailboxTransport

REASONS = ("no_address", "declined", "rejected", "unreachable", "refused_sender", "timeout", "expired")
HOSTILE = "<script>alert('Ada')</script>"


@pytest.fixture
def hall(fresh_hall: Hall) -> Hall:
    """A town hall with an administrator who works on no demand, and one who does."""
    directory = with_administrators(fresh_hall).office.directory
    both = Rights(frozenset({Role.ADMIN, Role.AGENT}), frozenset({CIVIL}))
    directory.register_agent(fresh_hall.command(), "bea", HOSTILE, both)
    return fresh_hall


@pytest.fixture
def ada(hall: Hall) -> Browser:
    return hall.browser("ada")


def receipt(hall: Hall, reference: str | None = None) -> Mail:
    """The registration receipt of a demand that just arrived."""
    (mail,) = hall.installation.outbox.of_demand(demand_id(reference or hall.received()))
    return mail


def failed(hall: Hall, why: str = "unreachable", *, keep: bool = True, reference: str | None = None) -> UUID:
    """A letter that the mail server would not take."""
    mail = receipt(hall, reference)
    deliverer = Deliverer(worker_parts(hall.installation, "http://localhost", None))
    deliverer.settle(mail, Verdict("failed", why, kept=keep))
    return mail.mail_id


def test_letters_are_counted_and_filtered_by_state(hall: Hall, ada: Browser) -> None:
    failed(hall)
    waiting = hall.received()
    page = ada.get("/administration/courriels")
    assert page.status_code == 200
    assert "1 en attente d’envoi" in text(page)
    assert "1 en échec" in text(page)
    assert waiting not in text(ada.get("/administration/courriels?state=failed"))
    assert waiting in text(ada.get("/administration/courriels?state=queued"))


def test_nothing_personal_is_on_the_page(hall: Hall, ada: Browser) -> None:
    reference = hall.received()
    said = html.unescape(ada.get("/administration/courriels").text)
    assert reference in said
    for personal in (MARIE.last_name, MARIE.first_name, MARIE.email or "", MARIE.phone or ""):
        assert personal not in said


@pytest.mark.parametrize("why", REASONS)
def test_every_reason_is_said_in_words(hall: Hall, ada: Browser, why: str) -> None:
    failed(hall, why)
    said = text(ada.get("/administration/courriels"))
    assert wording.WHY[why] in said
    assert why not in said


def test_a_demand_is_a_link_only_for_who_may_open_it(hall: Hall, ada: Browser) -> None:
    reference = hall.received()
    elsewhere = hall.received(procedure="CAN", applicant=MARIE)
    link, other = f'href="/demandes/{reference}"', f'href="/demandes/{elsewhere}"'
    assert link not in ada.get("/administration/courriels").text
    page = hall.browser("bea").get("/administration/courriels").text
    assert link in page
    assert other not in page


def test_an_agent_s_letter_names_him_and_his_name_is_escaped(hall: Hall, ada: Browser) -> None:
    letter = Outgoing(uuid4(), None, "reminder", b"sealed", hall.clock(), hall.clock(), "bea")
    hall.installation.outbox.add([letter])
    page = ada.get("/administration/courriels")
    assert "Relance" in text(page)
    assert HOSTILE not in page.text
    assert HOSTILE in html.unescape(page.text)


def test_a_failed_letter_is_sent_again(hall: Hall, ada: Browser) -> None:
    mail_id = failed(hall)
    assert f"/administration/courriels/{mail_id}/renvoi" in ada.get("/administration/courriels").text
    answer = ada.post(f"/administration/courriels/{mail_id}/renvoi")
    assert answer.status_code == 303
    assert hall.installation.outbox.due(hall.clock(), 10) == [mail_id]
    assert "de nouveau en attente" in text(ada.get(answer.headers["Location"]))


def test_what_is_sent_again_really_leaves(hall: Hall, ada: Browser) -> None:
    mail_id, mailbox = failed(hall), MailboxTransport()
    ada.post(f"/administration/courriels/{mail_id}/renvoi")
    Deliverer(worker_parts(hall.installation, "http://localhost", mailbox)).deliver(mail_id)
    assert [mail.recipient for mail in mailbox.kept()] == [MARIE.email]
    assert hall.installation.outbox.counts() == {"sent": 1}


def test_a_letter_whose_text_is_gone_cannot_be_sent_again(hall: Hall, ada: Browser) -> None:
    mail_id = failed(hall, keep=False)
    assert "texte effacé" in text(ada.get("/administration/courriels"))
    answer = ada.post(f"/administration/courriels/{mail_id}/renvoi")
    assert answer.status_code == 409
    assert "ne peut pas être renvoyé" in text(answer)


def test_a_letter_that_has_not_failed_is_not_sent_twice(hall: Hall, ada: Browser) -> None:
    assert ada.post(f"/administration/courriels/{receipt(hall).mail_id}/renvoi").status_code == 409


def test_a_double_click_answers_like_the_first_one(hall: Hall, ada: Browser) -> None:
    reference = hall.received()
    mail_id = failed(hall, reference=reference)
    page = ada.get("/administration/courriels").text
    once = {"command_id": hidden(page, "command_id")}
    for _ in range(2):
        answer = ada.post(f"/administration/courriels/{mail_id}/renvoi", **once)
        assert (answer.status_code, answer.location) == (303, "/administration/courriels")
    assert hall.facts(reference).count("MailRequested") == 2
    assert hall.installation.outbox.due(hall.clock(), 10) == [mail_id]
    assert hall.browser("bob").post(f"/administration/courriels/{mail_id}/renvoi").status_code == 409


def test_what_failed_again_without_its_text_is_refused_to_whoever_asked_before(hall: Hall, ada: Browser) -> None:
    mail_id = failed(hall)
    ada.post(f"/administration/courriels/{mail_id}/renvoi")
    hall.installation.outbox.finish(mail_id, "failed", hall.clock(), "rejected", keep=False)
    assert ada.post(f"/administration/courriels/{mail_id}/renvoi").status_code == 409


@pytest.mark.parametrize("name", [str(UUID(int=7)), "n-importe-quoi"])
def test_an_unknown_letter_is_not_found(ada: Browser, name: str) -> None:
    assert ada.post(f"/administration/courriels/{name}/renvoi").status_code == 404


def test_an_agent_neither_sees_nor_resends(hall: Hall) -> None:
    zoe, mail_id = hall.browser("zoe"), failed(hall)
    assert zoe.get("/administration/courriels").status_code == 403
    assert zoe.get("/administration").status_code == 403
    assert zoe.post(f"/administration/courriels/{mail_id}/renvoi").status_code == 403
    assert hall.installation.outbox.due(hall.clock() + timedelta(days=1), 10) == []


def test_an_unknown_state_is_explained(ada: Browser) -> None:
    assert ada.get("/administration/courriels?state=perdu").status_code == 422


def test_the_way_there_is_in_the_frame_of_administrators_only(hall: Hall, ada: Browser) -> None:
    assert 'href="/administration"' in ada.get("/").text
    assert 'href="/administration"' not in hall.browser("zoe").get("/").text
    assert "Courriels" in text(ada.get("/administration"))


def test_who_sent_it_again_stands_in_the_history_and_on_the_page(hall: Hall, ada: Browser) -> None:
    reference = hall.received()
    mail_id = failed(hall, reference=reference)
    ada.post(f"/administration/courriels/{mail_id}/renvoi")
    last = hall.dossier(reference).facts[-1]
    assert isinstance(last, Demand.MailRequested)
    assert (last.agent, last.kind, last.mail_id, last.letter) == ("ada", "registration_receipt", mail_id, None)
    assert "renvoyé par Ada Réglages" in text(ada.get("/administration/courriels"))
    said = text(hall.browser("zoe").get(f"/demandes/{reference}/historique"))
    assert "Ada Réglages a demandé l’envoi : accusé d’enregistrement" in said


def test_a_closing_letter_is_asked_for_again_after_the_closure(hall: Hall, ada: Browser) -> None:
    reference = hall.taken()
    with hall.office.demand(reference, by=hall.agent("zoe"), command=hall.command("agent:zoe")) as demand:
        demand.close("traitee", None, ("Fini", "Votre acte est prêt.\n"))
    letters = hall.installation.outbox.of_demand(demand_id(reference))
    (mail,) = [mail for mail in letters if mail.kind == "closure"]
    deliverer = Deliverer(worker_parts(hall.installation, "http://localhost", None))
    deliverer.settle(mail, Verdict("failed", "rejected", kept=True))
    assert ada.post(f"/administration/courriels/{mail.mail_id}/renvoi").status_code == 303
    assert hall.facts(reference)[-3:] == ["PersonalDataErased", "MailFailed", "MailRequested"]
    assert "Ada Réglages a demandé l’envoi : courriel de clôture" in text(
        hall.browser("zoe").get(f"/demandes/{reference}/historique")
    )
    for agent, listed in (("zoe", True), ("ada", False)):
        assert (f'href="/demandes/{reference}"' in hall.browser("zoe").get(f"/journal?agent={agent}").text) is listed
    assert hall.installation.readiness() == {}
    mailbox = MailboxTransport()
    Deliverer(worker_parts(hall.installation, "http://localhost", mailbox)).deliver(mail.mail_id)
    assert [kept.subject for kept in mailbox.kept()] == ["Fini"]
    assert hall.facts(reference)[-1] == "MailSent"


def test_a_resend_cut_short_is_finished_by_the_next_one_without_a_second_fact(
    hall: Hall, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = hall.received()
    mail_id = failed(hall, reference=reference)
    with monkeypatch.context() as patch:
        patch.setattr(hall.installation.outbox, "resend", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ada.post(f"/administration/courriels/{mail_id}/renvoi")
    assert ada.post(f"/administration/courriels/{mail_id}/renvoi").status_code == 303
    assert hall.facts(reference).count("MailRequested") == 2
    assert hall.installation.outbox.due(hall.clock(), 10) == [mail_id]


def test_a_letter_to_an_agent_is_resent_without_a_fact_but_not_without_its_author(hall: Hall, ada: Browser) -> None:
    letter = Outgoing(uuid4(), None, "reminder", b"sealed", hall.clock(), hall.clock(), "bea")
    hall.installation.outbox.add([letter])
    hall.installation.outbox.finish(letter.mail_id, "failed", hall.clock(), "rejected", keep=True)
    head = hall.installation.register.head()
    assert ada.post(f"/administration/courriels/{letter.mail_id}/renvoi").status_code == 303
    assert hall.installation.register.head() == head
    assert "renvoyé par Ada Réglages" in text(ada.get("/administration/courriels"))


def test_pages_follow_one_another_and_keep_the_criteria(hall: Hall, ada: Browser) -> None:
    box = hall.installation.outbox
    kinds = ["reminder"] * 2 * SIZE + ["daily_digest"]
    box.add([Outgoing(uuid4(), None, kind, b"sealed", hall.clock(), hall.clock(), "bea") for kind in kinds])
    seen: list[str] = []
    address: str | None = "/administration/courriels?kind=reminder&state=queued"
    while address:
        page = ada.get(address).text
        seen += re.findall(r'data-label="Courriel">([^<]*)', page)
        found = re.search(r'rel="next" href="([^"]*)"', page)
        address = html.unescape(found[1]) if found else None
    assert seen == ["Relance"] * 2 * SIZE


def test_letters_of_one_demand_or_kind_are_found(hall: Hall, ada: Browser) -> None:
    wanted, other = hall.received(), hall.received()
    page = text(ada.get(f"/administration/courriels?reference={wanted.lower()}"))
    assert wanted in page
    assert other not in page
    assert "Aucun courriel ne correspond" in text(ada.get("/administration/courriels?kind=closure"))
    miscopied = wanted[:-1] + ("A" if wanted[-1] != "A" else "B")
    assert "mal recopiée" in text(ada.get(f"/administration/courriels?reference={miscopied}"))
    assert "Aucun courriel" in text(ada.get("/administration/courriels?reference=AEN"))


@pytest.mark.parametrize("wrong", ["kind=poulet", "cursor=12", "cursor=x-" + "0" * 32, "reference=" + "x" * 81])
def test_criteria_that_make_no_sense_are_explained(ada: Browser, wrong: str) -> None:
    assert ada.get(f"/administration/courriels?{wrong}").status_code == 422


def test_every_kind_of_letter_is_listed() -> None:
    assert set(KINDS) == set(outbox_lists.KINDS)


def test_no_more_letters_are_counted_than_needed(hall: Hall, ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (blueprint, mails):
        monkeypatch.setattr(module, "MOST_COUNTED", 2)
    for _ in range(3):
        hall.received()
    assert "au moins 2" in text(ada.get("/administration/courriels"))
    assert "2 ou plus en attente" in text(ada.get("/administration"))
