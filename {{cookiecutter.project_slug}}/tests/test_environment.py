"""No test depends on what a person's shell says, or on how busy the machine is."""

import json
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.environment import ROOT

pytestmark = pytest.mark.once

SHELL = {"DEBUG": "maybe", "SECRET_KEY": "short", "GUNICORN_CMD_ARGS": "--workers=7"}
SHOW = "import json, os, tests.settings; print(json.dumps(dict(os.environ)))"


def told(**shell):
    """Return the variables that the tests see, of a shell with these."""
    command = [sys.executable, "-c", SHOW]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | shell, capture_output=True, check=True
    )
    return json.loads(done.stdout)


def test_a_variable_of_the_settings_is_forgotten():
    seen = told(**SHELL)
    assert not {"DEBUG", "GUNICORN_CMD_ARGS"} & set(seen)
    assert seen["SECRET_KEY"] != "short"


def test_no_server_of_ours_is_behind_a_proxy():
    seen = told(http_proxy="http://127.0.0.1:1", no_proxy="intranet")
    assert seen["http_proxy"] == "http://127.0.0.1:1"
    assert {"intranet", "localhost", "127.0.0.1"} <= set(seen["no_proxy"].split(","))


@given(st.just("one example"))
def test_an_example_may_take_its_time(_):
    time.sleep(0.3)  # Hypothesis' own limit is 0.2
