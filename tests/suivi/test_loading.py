"""Commands are loaded when they are called."""

import gc

import pytest

from suivi.cli import loaded


def test_garbage_is_looked_for_again_once_a_module_is_loaded() -> None:
    assert loaded("suivi.sentences").__name__ == "suivi.sentences"
    assert gc.isenabled()
    with pytest.raises(ModuleNotFoundError):
        loaded("suivi.commands.nothing")
    assert gc.isenabled()
