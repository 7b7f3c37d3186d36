"""The pictures of the help pages can be taken again: the screens still have what they show."""

from pathlib import Path

import pytest
from PIL import Image

from tests.browser.pictures import take_all
from web.help import PICTURE_WIDTH, TOPICS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_the_walk_of_the_guide_ends_with_a_picture_of_each_action(chromium: str, tmp_path: Path) -> None:
    taken = take_all(tmp_path, chromium, demands=60)
    assert {path.stem for path in taken} == {topic.slug for topic in TOPICS}
    for topic in TOPICS:
        with Image.open(tmp_path / f"{topic.slug}.png") as picture:
            assert picture.size == (PICTURE_WIDTH, topic.height)
            assert len(picture.convert("RGB").getcolors(1_000) or ()) > 10, "an empty screen"
