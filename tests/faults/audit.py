"""Whether what was acknowledged is there, whole and once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from domain.demand import Demand
from domain.facts import Fact
from domain.references import demand_id
from suivi.compose import Installation
from tests.faults.hall import CLIENT, Hall, demands
from tests.faults.load import Ledger
from tests.faults.service import suivi

SHAPES = {
    "Submitted": ["Submitted", "MailRequested"],
    "Closed": ["Closed", "MailRequested", "PersonalDataErased"],
}


class Audit(msgspec.Struct):
    """What is missing, and what is there in part or twice."""

    lost: list[str] = []
    partial: list[str] = []

    def require_nothing(self) -> None:
        assert (self.lost, self.partial) == ([], [])


def audit(hall: Hall, ledger: Ledger) -> Audit:
    """Compare the ledger of what was acknowledged with what is stored."""
    histories, found = served(demands(hall.facts())), Audit(lost=[], partial=[])
    found.lost += [f"form {r}" for r in ledger.forms.values() if r not in histories]
    for command, (reference, fact) in ledger.steps.items():
        if not any(f.command_id == command and f.name == fact for f in histories.get(reference, ())):
            found.lost.append(f"{fact} of {reference}")
    for reference, facts in histories.items():
        found.partial += [f"{reference}: {fault}" for fault in _faults(facts)]
    with hall.opened() as installation:
        found.partial += _keys_and_letters(installation, ledger, histories)
    return found


def served(histories: dict[str, list[Fact]]) -> dict[str, list[Fact]]:
    """Those that came in by the API: imported ones have other keys and bring no letters."""
    return {reference: facts for reference, facts in histories.items() if facts[0].actor == f"api:{CLIENT}"}


def verified(hall: Hall) -> None:
    """``suivi verify`` finds every store sound and the read models equal to a replay."""
    code, out, err = suivi(hall, "verify", "--json").done()
    assert code == 0, out + err


def _faults(facts: Sequence[Fact]) -> Iterable[str]:
    """A command's facts are all there or none is; no command counts twice."""
    commands: dict[str, list[str]] = defaultdict(list)
    for fact in facts:
        commands[fact.command_id].append(fact.name)
    for names in commands.values():
        if names != SHAPES.get(names[0], names[:1]):
            yield " + ".join(names)
    sent = Counter(fact.mail_id for fact in facts if isinstance(fact, Demand.MailSent))
    yield from (f"MailSent {number} times" for number in sent.values() if number > 1)


def _keys_and_letters(installation: Installation, ledger: Ledger, histories: dict[str, list[Fact]]) -> Iterable[str]:
    prints = {installation.secrets.fingerprint(CLIENT, f"key:{key}"): key for key in ledger.tried | ledger.forms.keys()}
    keys = {key: installation.register.references([printed]).get(printed) for printed, key in prints.items()}
    for key, reference in ledger.forms.items():
        if keys[key] != reference:
            yield f"{reference}: its key names {keys[key]}"
    if sorted(filter(None, keys.values())) != sorted(histories):
        yield "intake keys and demands do not pair"
    for reference, facts in histories.items():
        identity = demand_id(reference)
        asked = {fact.mail_id for fact in facts if isinstance(fact, Demand.MailRequested)}
        if asked != {mail.mail_id for mail in installation.outbox.of_demand(identity) if mail.agent is None}:
            yield f"{reference}: letters asked and letters queued differ"
        erased = any(isinstance(fact, Demand.PersonalDataErased) for fact in facts)
        if not erased and identity not in installation.keyring.keys([identity]):
            yield f"{reference}: open without a key"
