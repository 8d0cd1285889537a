"""Descriptions in `.keras` files that name foreign code: refused before Keras reads them."""

import pytest
from attacks import ATTACKS, EVIL, whole
from descriptions import REFUSAL, instance, refusal, rewritten
from foreign_symbols import refuse_a_symbol
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_secn.presets.keras_file import load_checked


@pytest.mark.parametrize("name", ATTACKS)
def test_refused_before_keras_reads_it(honest, tmp_path, untouched, name):
    path = rewritten(honest, tmp_path / "attack.keras", ATTACKS[name])
    assert REFUSAL in refusal(path)


def test_compilation_is_checked_where_it_is_read(honest, tmp_path, untouched):
    def change(description):
        description["compile_config"]["optimizer"] = EVIL

    path = rewritten(honest, tmp_path / "attack.keras", change)
    assert REFUSAL in refusal(path, compile=True)
    assert not load_checked(path).compiled


def test_what_is_no_network_is_refused(honest, tmp_path):
    relu = whole(instance("keras.layers", "ReLU", {"name": "relu"}))
    assert "holds no network" in refusal(rewritten(honest, tmp_path / "relu.keras", relu))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_symbol_at_no_place(honest, tmp_path_factory, data):
    refuse_a_symbol(honest, tmp_path_factory.mktemp("symbol"), data)
