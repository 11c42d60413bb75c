"""What every test begins with: a screen in English, whatever the test before it asked for."""

import pytest

from gridplan.cli.language import LANGUAGE


@pytest.fixture(autouse=True)
def speak_english():
    LANGUAGE.lang = "en"
