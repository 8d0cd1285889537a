"""Signals that end a program in good order."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import signal, sys
from keras_secn.utils.stopping import stop_on_signals
number = int(sys.argv[1])
if sys.argv[2] == "ignored":
    signal.signal(number, signal.SIG_IGN)
stop_on_signals()
try:
    signal.raise_signal(number)
except KeyboardInterrupt as stop:
    sys.exit(stop.status)
sys.exit(7)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("how", ["heard", "ignored"])
def test_signals(number, how):
    """`nohup` starts a program with SIGHUP ignored, and it stays so."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(int(number)), how])
    assert done.returncode == (128 + number if how == "heard" else 7)
