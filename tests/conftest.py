"""What every test begins with: a screen in English, whatever the test before it asked for."""

import gc

import pytest

from gridplan.cli.language import LANGUAGE

# What tests make is small and soon gone; looking for cycles each 700 objects takes its time.
gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def speak_english():
    LANGUAGE.lang = "en"
