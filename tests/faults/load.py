"""Mixed load that remembers what was acknowledged, and goes on with what it is not sure of after a crash."""

from dataclasses import dataclass, field
from queue import Empty, Queue
from random import Random
from threading import Event, Lock, Thread

from tests.faults.visitors import BROKEN, AtWork, Site

LIFE = (
    ("prise-en-compte", "TakenInCharge", {}),
    ("evenements", "EventAdded", {"event_type": "appel_usager", "comment": "il rappellera"}),
    ("mise-en-attente", "PutOnHold", {"reason": "autre", "detail": "un papier"}),
    ("reprise", "Resumed", {}),
    ("reattribution", "Reassigned", {"agent": "ana", "note": "à toi"}),
    ("cloture", "Closed", {"outcome": "traitee", "comment": "fini", "decision": "send"}),
)

PAGES = ("/", "/demandes/non-traitees", "/demandes/en-cours", "/demandes/en-attente", "/demandes/service", "/journal")


@dataclass
class Ledger:
    """What the service said it did: forms by key, and steps by command id; and all that was ever tried."""

    forms: dict[str, str] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    steps: dict[str, tuple[str, str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def acknowledged(self) -> int:
        return len(self.forms) + len(self.steps)


class Submitting:
    """The web site: one form after the other; one without an answer is sent again under the same key."""

    def __init__(self, site: Site, ledger: Ledger, waiting: "Queue[str]", random: Random) -> None:
        self.visitor, self._ledger, self._waiting, self._random = site, ledger, waiting, random
        self._key: str | None = None

    def step(self) -> None:
        self._key = self._key or f"{self._random.getrandbits(128):032x}"
        self._ledger.tried.add(self._key)
        answer = self.visitor.submit(self._key)
        if answer.status not in (200, 201):
            self._ledger.wrong.append(f"POST /demands {answer.status} {answer.text[:200]}")
            return
        reference = answer.json["reference"]
        self._ledger.forms[self._key] = reference
        self._key = None
        self._waiting.put(reference)


class Working:
    """An agent who lives whole lives of demands; a step without an answer is done again as the same command."""

    def __init__(self, agent: AtWork, ledger: Ledger, waiting: "Queue[str]", random: Random) -> None:
        self.visitor, self._ledger, self._waiting, self._random = agent, ledger, waiting, random
        self._demand: str | None = None
        self._done, self._command = 0, ""

    def step(self) -> None:
        if self._demand is None:
            try:
                self._demand, self._done = self._waiting.get(timeout=0.05), 0
            except Empty:
                return
        action, fact, fields = LIFE[self._done]
        self._command = self._command or f"{self._random.getrandbits(128):032x}"
        answer = self.visitor.act(self._demand, action, {**fields, "command_id": self._command})
        if answer.status != 303:
            self._ledger.wrong.append(f"{action} {answer.status} {answer.text[:200]}")
            return
        self._ledger.steps[self._command] = (self._demand, fact)
        self._command, self._done = "", self._done + 1
        if self._done == len(LIFE):
            self._demand = None


class Reading:
    """An agent who looks at one list after the other."""

    def __init__(self, agent: AtWork, ledger: Ledger, random: Random) -> None:
        self.visitor, self._ledger, self._random = agent, ledger, random

    def step(self) -> None:
        page = self._random.choice(PAGES)
        answer = self.visitor.ask("GET", page)
        if answer.status != 200:
            self._ledger.wrong.append(f"GET {page} {answer.status} {answer.text[:200]}")


Hand = Submitting | Working | Reading


class Load:
    """Two web sites and two agents, and readers if wanted, each in a thread of its own."""

    def __init__(self, port: int, ledger: Ledger, seed: int = 0, *, readers: int = 0) -> None:
        waiting: Queue[str] = Queue()
        self._hands: list[Hand] = [
            *(Submitting(Site(port), ledger, waiting, Random(f"site {seed} {n}")) for n in range(2)),
            *(Working(AtWork(port, code), ledger, waiting, Random(f"{code} {seed}")) for code in ("lea", "max")),
            *(Reading(AtWork(port, "lea"), ledger, Random(f"reader {seed} {n}")) for n in range(readers)),
        ]
        self._stopping = Event()
        self._threads: list[Thread] = []

    def begin(self) -> None:
        self._stopping.clear()
        self._threads = [Thread(target=self._go, args=(hand,)) for hand in self._hands]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Stop after the step in hand, or where the service died."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        for hand in self._hands:
            hand.visitor.leave()

    def unanswered(self) -> list[float]:
        """When those requests had left that never got an answer."""
        return [hand.visitor.asked_at for hand in self._hands if hand.visitor.unanswered]

    def _go(self, hand: Hand) -> None:
        try:
            while not self._stopping.is_set():
                hand.step()
        except BROKEN:
            return
