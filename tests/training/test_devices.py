"""`--strategy mirrored`: several devices give what one gives on the same global batch."""

import pytest
from processes import train_on_devices

pytestmark = pytest.mark.slow


# the first is the one of `make test-short`; test_scale.py has JAX
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_devices_equal_one(backend):
    pytest.importorskip(backend)
    rows = train_on_devices(backend, (2, 4), 200)
    assert [row["devices"] for row in rows] == [1, 2, 4]
    for row in rows:
        assert row["steps"] == 200
        assert (
            row["loss"][1] < 0.9 * row["loss"][0]
        )  # it learns, so that there is something to compare
        # float32 sums in another order, through 200 steps of Adam
        assert row["loss_difference"] < 1e-3 and row["weight_difference"] < 1e-3
