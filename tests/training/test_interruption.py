"""Signals as requests to stop."""

import signal

import pytest

from keras_secn.training.interruption import SIGNALS, StopRequest


@pytest.fixture(params=SIGNALS, ids=lambda number: number.name)
def number(request):
    # a shell ignores SIGINT for what it runs in the background
    before = signal.signal(request.param, signal.SIG_DFL)
    yield request.param
    signal.signal(request.param, before)


def test_a_signal_is_noted(number):
    with StopRequest() as stop:
        assert not stop.wanted()
        signal.raise_signal(number)
        assert stop.wanted() == number


def test_what_is_ignored_stays_ignored(number):
    """As `nohup` has it."""
    signal.signal(number, signal.SIG_IGN)
    with StopRequest() as stop:
        signal.raise_signal(number)
        assert not stop.wanted()
    assert signal.getsignal(number) is signal.SIG_IGN
