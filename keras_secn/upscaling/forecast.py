"""Says of a long run, as soon as it can be known, how long it takes and what is faster."""

import time
import warnings

EARLY, LONG = 5, 120  # seconds: of work before a forecast, and what is worth a note


class Forecast:
    """Counts pixels for `upscale`'s progress, and warns once of a run that will be long.

    `advice` says what is faster; `None` to say nothing.
    """

    def __init__(self, tick, total, advice=None):
        self._tick, self._total, self._advice = tick, total, advice
        self._done, self._started = 0, time.monotonic()

    def __call__(self, pixels):
        self._tick(pixels)
        self._done += pixels
        elapsed = time.monotonic() - self._started
        if not self._advice or elapsed < EARLY:
            return
        left = seconds_left(elapsed, self._done, self._total)
        if left >= LONG:
            warnings.warn(
                f"about {left / 60:.0f} minutes are left; {self._advice}", UserWarning, stacklevel=2
            )
        self._advice = None


def seconds_left(elapsed, done, total):
    """Seconds that the rest takes, at the speed so far."""
    return elapsed * max(0, total - done) / max(1, done)
