"""The README in its order: a demo first, then a town hall of one's own in the directory that holds the demo's."""

from dataclasses import replace
from pathlib import Path

import pytest

from suivi.commands.demo import demo_settings
from suivi.refusals import CommandRefused
from suivi.serving import mark_demo, refuse_demo
from suivi.settings import read_settings


def test_a_demo_does_not_stop_the_town_hall_whose_directory_holds_it(tmp_path: Path) -> None:
    environment = {"SUIVI_DATA_DIR": str(tmp_path / "var")}
    demo = demo_settings(environment)
    demo.data_dir.mkdir(parents=True)
    mark_demo(demo)
    refuse_demo(read_settings(environment))
    with pytest.raises(CommandRefused):
        refuse_demo(replace(demo, demo=False))
