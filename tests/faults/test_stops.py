"""P17: a stop is clean, under load as well: what was accepted is answered, and the process ends within ten seconds."""

import time
from random import Random

import pytest

from tests.faults.audit import audit, verified
from tests.faults.closing import Closing, count
from tests.faults.hall import Hall
from tests.faults.load import Ledger, Load
from tests.faults.service import Service, free_port

STOPS_WITHIN_S = 10


@pytest.mark.xdist_group("faults-stops")
def test_a_stop_under_load_answers_what_was_accepted(hall: Hall, stores: str, smtp_url: str, closes: Closing) -> None:
    stops, ledger, port, random = count(4 if stores == "sqlite" else 2, 40), Ledger(), free_port(), Random(17)
    service = Service(hall, port, SUIVI_SMTP_URL=smtp_url)
    load, slowest = Load(port, ledger), 0.0
    for _ in range(stops):
        load.begin()
        time.sleep(random.uniform(0.1, 0.6))  # the point of the stop, not a wait for anything
        begun = time.monotonic()
        assert service.stop() == 0
        slowest = max(slowest, time.monotonic() - begun)
        load.end()
        assert [asked_at for asked_at in load.unanswered() if asked_at < begun] == []
        service = Service(hall, port, SUIVI_SMTP_URL=smtp_url)
    with service:
        assert service.stop() == 0
    assert slowest < STOPS_WITHIN_S
    assert ledger.wrong == []
    audit(hall, ledger).require_nothing()
    verified(hall)
    closes(
        f"P17: {stops} stops under load, {ledger.acknowledged} acknowledged, 0 accepted and unanswered, all within 10 s"
    )
