"""What every test begins with: a screen in English, whatever the test before it asked for."""

import gc

import pytest

from gridplan.cli.language import LANGUAGE


def pytest_collection_finish():
    """Spare the garbage collector what was imported and collected, which stays to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def speak_english():
    LANGUAGE.lang = "en"
