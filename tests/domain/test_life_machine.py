"""Buttons pressed in any order: what the guide forbids is refused, and the facts alone make the demand."""

from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.applicant import Applicant
from domain.errors import Conflict, Invalid
from domain.facts import Fact, fold
from domain.handle import DemandHandle
from domain.letters import LetterKind
from domain.references import demand_id
from store.mapper import FactMapper
from tests.domain.town import NOON, Town

MARKER = "Zébulon"
WITH_ADDRESS = Applicant(MARKER, "Marie", email=f"{MARKER}@exemple.fr")
WITHOUT = Applicant(MARKER, "Marie")

# The guide's own table: the button, the statuses that show it, the status it leads to (None: the same).
U, P, H, C, D = "NON_TRAITEE", "EN_COURS_DE_TRAITEMENT", "EN_ATTENTE", "CLOTUREE", "SUPPRIMEE"
GUIDE: dict[str, tuple[set[str], str | None]] = {
    "prendre en compte": ({U}, P),
    "mettre en attente": ({P}, H),
    "réaffecter statut en cours": ({H}, P),
    "réattribuer": ({U, P, H}, None),
    "ajouter un événement": ({U, P, H}, None),
    "clôturer": ({P}, C),
    "expirer": ({U}, D),
    "accuser réception": ({P, H}, None),
    "ne pas accuser réception": ({P, H}, None),
    "écrire": ({U, P, H}, None),
    "courriel parti": ({U, P, H, C, D}, None),
}
MACHINES = {"expirer", "courriel parti"}
AGENTS = st.sampled_from(["camille", "sacha", "noa"])


def press(demand: DemandHandle, button: str, to: str) -> None:
    """What each button does."""
    presses: dict[str, Any] = {
        "prendre en compte": demand.take_in_charge,
        "mettre en attente": lambda: demand.put_on_hold("piece_demandee", f"{MARKER} apporte un papier"),
        "réaffecter statut en cours": demand.resume,
        "réattribuer": lambda: demand.reassign(to, f"pour {MARKER}"),
        "ajouter un événement": lambda: demand.add_event("appel", f"{MARKER} a rappelé"),
        "clôturer": lambda: demand.close(
            "traitee", f"{MARKER} est servi", (MARKER, MARKER) if demand.demand.has_email else None
        ),
        "expirer": lambda: demand.expire("never_taken", NOON),
        "accuser réception": lambda: demand.send_mail(LetterKind.ACKNOWLEDGEMENT, MARKER, MARKER),
        "ne pas accuser réception": lambda: demand.decline_mail(LetterKind.ACKNOWLEDGEMENT),
        "écrire": lambda: demand.send_mail(LetterKind.CONTACT, MARKER, MARKER),
        "courriel parti": lambda: demand.mail_sent("contact", demand_id("x")),
    }
    presses[button]()


def standing(demand: Any) -> dict[str, Any]:
    """Everything a demand remembers, but for the hand that holds it."""
    return {
        name: value for name, value in vars(demand).items() if name not in ("command", "repeated", "_pending_events")
    }


class Life(RuleBasedStateMachine):
    """One demand, three agents and a few machines."""

    mapper: ClassVar = FactMapper()

    @initialize(has_email=st.booleans())
    def arrive(self, *, has_email: bool) -> None:
        """A form arrives."""
        self.town = Town()
        self.reference = self.town.receive(WITH_ADDRESS if has_email else WITHOUT).reference
        self.has_email, self.status, self.acknowledged = has_email, U, False
        self.live = self.town.demand(self.reference)
        self.milestones: list[Fact] = []

    @rule(data=st.data(), agent=AGENTS, to=AGENTS)
    def press_what_is_shown(self, data: st.DataObject, agent: str, to: str) -> None:
        """Somebody presses a button that the page shows; the end is left to the rule below, so that lives are long."""
        shown = [
            name for name, (allowed, leads_to) in GUIDE.items() if self.status in allowed and leads_to not in (C, D)
        ]
        self.press(data.draw(st.sampled_from(shown)), agent, to)

    @rule(data=st.data(), agent=AGENTS, to=AGENTS)
    def press_what_is_hidden(self, data: st.DataObject, agent: str, to: str) -> None:
        """Somebody presses a button of an old page, which the present one does not show."""
        hidden = [name for name, (allowed, _) in GUIDE.items() if self.status not in allowed]
        self.press(data.draw(st.sampled_from(hidden)), agent, to)

    @rule(button=st.sampled_from(sorted(GUIDE)), agent=AGENTS, to=AGENTS)
    def press_anything(self, button: str, agent: str, to: str) -> None:
        """Somebody presses any button, wherever the demand stands."""
        self.press(button, agent, to)

    def press(self, button: str, agent: str, to: str) -> None:
        """The press is accepted exactly when the guide shows the button."""
        allowed, leads_to = GUIDE[button]
        possible = self.status in allowed
        if button in ("accuser réception", "ne pas accuser réception"):
            possible = possible and not self.acknowledged
        if button in ("accuser réception", "écrire"):
            possible = possible and self.has_email
        before = self.town.facts(self.reference)
        if button == "réattribuer" and possible and to == self.live.owner:
            with pytest.raises(Invalid):
                self._act(button, agent, to)
            assert self.town.facts(self.reference) == before
            return
        if not possible:
            with pytest.raises(Conflict):
                self._act(button, agent, to)
            assert self.town.facts(self.reference) == before
            return
        self._act(button, agent, to)
        assert len(self.town.facts(self.reference)) > len(before)
        self.status = leads_to or self.status
        self.acknowledged |= "accuser réception" in button or (button == "prendre en compte" and not self.has_email)

    @rule(agent=AGENTS)
    def click_twice(self, agent: str) -> None:
        """A milestone clicked twice is marked once, and a click on a finished demand changes nothing."""
        if self.status in (C, D):
            return
        for _ in range(2):
            with self.town.hands(agent, self.reference, f"double-{len(self.milestones)}") as demand:
                press(demand, "ajouter un événement", agent)
        self.live = demand.demand if demand.demand.version > self.live.version else self.live

    def check_invariants_now(self) -> None:
        """All invariants, for a life that is led by hand."""
        self.the_status_is_the_guides()
        self.the_stored_facts_alone_make_the_demand()
        self.nothing_that_happened_is_forgotten()
        self.personal_values_open_until_the_end_and_never_after()

    def _act(self, button: str, agent: str, to: str) -> None:
        hands = self.town.machine(self.reference) if button in MACHINES else self.town.hands(agent, self.reference)
        with hands as demand:
            press(demand, button, to)
        self.live = demand.demand

    @invariant()
    def the_status_is_the_guides(self) -> None:
        """Where the demand stands is where the guide says."""
        assert self.live.status == self.status

    @invariant()
    def the_stored_facts_alone_make_the_demand(self) -> None:
        """Replay through the stored bytes gives the live demand, and the bytes tell nothing personal."""
        stored = [self.mapper.to_stored_event(fact) for fact in self.town.facts(self.reference)]
        assert standing(fold(map(self.mapper.to_domain_event, stored))) == standing(self.live)
        assert not [event for event in stored if MARKER.encode() in event.state]

    @invariant()
    def nothing_that_happened_is_forgotten(self) -> None:
        """The history only grows, and its instants never step back."""
        facts = self.town.facts(self.reference)
        assert facts[: len(self.milestones)] == self.milestones
        assert [fact.timestamp for fact in facts] == sorted(fact.timestamp for fact in facts)
        self.milestones = facts

    @invariant()
    def personal_values_open_until_the_end_and_never_after(self) -> None:
        """Before the end every sealed value opens; after it, none."""
        dossier = self.town.dossier(self.reference)
        sealed = [(fact, field) for fact in dossier.facts for field in fact.seals if getattr(fact, field) is not None]
        opened = [MARKER in (dossier.opened(fact, field) or "") for fact, field in sealed if field != "answers"]
        assert set(opened) == {self.status not in (C, D)}
        assert ("PersonalDataErased" in self.town.names(self.reference)) == (self.status in (C, D))


PATHS = {
    U: [],
    P: ["prendre en compte"],
    H: ["prendre en compte", "mettre en attente"],
    C: ["prendre en compte", "clôturer"],
    D: ["expirer"],
}


@pytest.mark.parametrize("status", PATHS)
@pytest.mark.parametrize("button", GUIDE)
@pytest.mark.parametrize("has_email", [True, False], ids=["address", "no address"])
def test_every_button_in_every_status(status: str, button: str, *, has_email: bool) -> None:
    life = Life()
    life.arrive(has_email=has_email)
    for step in [*PATHS[status], button]:
        life.press(step, "camille", "sacha")
        life.check_invariants_now()


Life.TestCase.settings = settings(max_examples=70, stateful_step_count=20, deadline=None, derandomize=True)
TestLife = Life.TestCase
