"""The README in its order: a demo first, then a town hall of one's own in the directory that holds the demo's."""

from dataclasses import replace
from pathlib import Path

import pytest

from suivi.commands.demo import _deliverer, demo_settings
from suivi.demo.filling import fill
from suivi.opening import created
from suivi.refusals import CommandRefused
from suivi.serving import mark_demo, refuse_demo, worker_parts
from suivi.settings import read_settings
from workers.delivery import Deliverer
from workers.transport import MailboxTransport


def test_a_demo_does_not_stop_the_town_hall_whose_directory_holds_it(tmp_path: Path) -> None:
    environment = {"SUIVI_DATA_DIR": str(tmp_path / "var")}
    demo = demo_settings(environment)
    demo.data_dir.mkdir(parents=True)
    mark_demo(demo)
    refuse_demo(read_settings(environment))
    with pytest.raises(CommandRefused):
        refuse_demo(replace(demo, demo=False))


def test_newcomers_find_two_letters_that_failed_and_may_be_sent_again(tmp_path: Path) -> None:
    demo, mailbox = demo_settings({"SUIVI_DATA_DIR": str(tmp_path)}), MailboxTransport()
    demo.data_dir.mkdir(parents=True)
    with created(demo) as installation:
        fill(installation, _deliverer(installation, mailbox), lambda _: None, demands=40)
        failed = installation.outbox.latest(10, "failed")
        assert [(mail.why, mail.letter is not None, mail.agent) for mail in failed] == [("rejected", True, None)] * 2
        assert installation.outbox.resend(failed[0].mail_id, installation.clock(), "admin")
        assert Deliverer(worker_parts(installation, "http://127.0.0.1", mailbox)).deliver(failed[0].mail_id) == "sent"
