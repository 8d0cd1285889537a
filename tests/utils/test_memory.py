"""How much memory there is."""

import pytest

from keras_secn.utils import memory

GIB = 1 << 30


@pytest.mark.parametrize(("limit", "left"), [(str(GIB), GIB // 2 + GIB // 8), ("max", None)])
def test_a_container_limits_memory(tmp_path, monkeypatch, limit, left):
    """What the kernel keeps of files makes way, and "max" is no limit."""
    outside = memory.available_bytes()
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{GIB // 2}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {GIB // 8}\n")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    if left and outside is not None:
        assert memory.available_bytes() <= left
    elif left:
        assert memory.available_bytes() == left
    elif outside is not None:
        assert memory.available_bytes() > GIB // 8
