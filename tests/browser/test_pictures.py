"""The pictures of the help pages can be taken again: the screens still have what they show."""

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.browser.pictures import HELP, IMAGES, README, take_all
from web.help import PICTURE_WIDTH, TOPICS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_the_walk_of_the_guide_ends_with_a_picture_of_each_action(chromium: str, tmp_path: Path) -> None:
    taken = take_all(tmp_path / "help", tmp_path / "images", chromium, demands=60)
    sizes = {topic.slug: (PICTURE_WIDTH, topic.height) for topic in TOPICS} | README
    assert {path.stem for path in taken} == set(sizes)
    for path in taken:
        with Image.open(path) as picture:
            assert picture.size == sizes[path.stem]
            assert len(picture.convert("RGB").getcolors(1_000) or ()) > 10, "an empty screen"


@pytest.mark.parametrize("path", [HELP / "voir-les-demandes.png", IMAGES / "non-traitees.png"])
def test_what_is_late_is_amber_in_the_pictures_that_are_shown(path: Path) -> None:
    """The colour of « En retard » in the light scheme, which a palette once made grey."""
    style = re.search(r"--late: #([0-9a-f]{6})", (HELP.parent / "suivi.css").read_text())
    assert style is not None
    late = bytes.fromhex(style[1])
    with Image.open(path) as picture:
        colours = [colour for _, colour in picture.convert("RGB").getcolors(1_000) or ()]
    assert min(max(abs(mine - its) for mine, its in zip(late, colour, strict=True)) for colour in colours) < 8
