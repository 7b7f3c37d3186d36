"""Random but lawful lives, for comparing read models with replays."""

from datetime import timedelta

import msgspec

from domain.agent import Agent
from domain.errors import Refused
from domain.letters import LetterKind
from domain.references import demand_id
from domain.timetable import Timetable
from suivi.occasions import occasions_of
from tests.installations import Town
from workers.reminding import remind

STATE_CIVIL = "État civil"
CHOICES = (
    "take_in_charge",
    "put_on_hold",
    "resume",
    "add_event",
    "reassign",
    "close",
    "wait",
    "delays",
    "send_again",
    "remind",
)


def play(town: Town, demands: int, steps: int, *, clocks_ahead: bool = True) -> list[str]:
    """Submit demands and press buttons at random; what the state forbids changes nothing.

    With ``clocks_ahead`` some reminders are dated years ahead, and so is what happens to their demands afterwards.
    """
    agents = [town.agent("lea", STATE_CIVIL), town.agent("max", STATE_CIVIL)]
    references = []
    for _ in range(demands):
        town.clock.move(minutes=town.random.randint(0, 900))
        email = "a@example.org" if town.random.random() < 0.6 else None
        name = town.random.choice(["Nuñez", "O’Brien", "Lefèvre-Dupont", "Đặng", "Ly"])
        references.append(town.submit(town.random.choice(["AEN", "AEM", "SLF"]), email=email, last_name=name))
    for _ in range(steps):
        reference, agent = town.random.choice(references), town.random.choice(agents)
        choice = town.random.choice(CHOICES)
        if choice == "remind":
            _remind(town, clocks_ahead=clocks_ahead)
        else:
            _press(town, reference, agent, choice)
    return references


def _press(town: Town, reference: str, agent: Agent, choice: str) -> None:
    arguments = {
        "put_on_hold": ("autre", "détail"),
        "add_event": ("appel_usager", "il rappellera"),
        "reassign": (town.random.choice(["lea", "max"]), "à toi"),
        "close": (town.random.choice(["traitee", "refusee"]), "fini"),
    }.get(choice, ())
    if choice == "wait":
        town.clock.move(hours=town.random.randint(1, 200))
    elif choice == "delays":
        _change_delays(town)
    elif choice == "send_again":
        send_again(town, reference)
    else:
        try:
            town.act(reference, agent, choice, *arguments)
        except Refused:
            return


def send_again(town: Town, reference: str) -> None:
    """The letters of a demand fail, and an administrator who does nothing else sends them again."""
    identity, office = demand_id(reference), town.office
    for mail in town.installation.outbox.of_demand(identity):
        with office.demand_of_job(identity, town.command("system:mail")) as demand:
            demand.mail_failed(mail.kind, mail.mail_id, "rejected")
        with office.demand_of_job(identity, town.command("agent:ada")) as demand:
            demand.send_again(LetterKind(mail.kind), mail.mail_id)


def _remind(town: Town, *, clocks_ahead: bool) -> None:
    """The agents are reminded, by a clock that may run years ahead, on the town’s days or on others."""
    if town.random.random() < 0.3:
        with town.office.directory.change_townhall(town.command("system:test")) as townhall:
            times = Timetable(tuple(sorted(town.random.sample(range(1, 8), 3))), town.random.randint(0, 23))
            every = town.random.randint(1, 9)
            changed = {"reminder_every_days": every, "reminder_times": times, "alsace_moselle": every < 5}
            townhall.change_settings(msgspec.structs.replace(townhall.settings, **changed))
    ahead = timedelta(days=1_000) if town.random.random() < 0.1 and clocks_ahead else timedelta()
    remind(occasions_of(town.installation, "https://suivi.mairie.example"), town.clock() + ahead)


def _change_delays(town: Town) -> None:
    definition = town.office.directory.definition("AEN")
    changed = msgspec.structs.replace(
        definition,
        take_delay_days=town.random.choice([None, 2, 15]),
        close_delay_days=town.random.choice([10, 60]),
        delay_calendar=town.random.choice(["calendar", "working"]),
        reminder_every_days=town.random.choice([None, 3]),
    )
    town.office.directory.define_procedure(town.command("system:test"), changed)
