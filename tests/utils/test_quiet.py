"""What a program prints on stderr is its own."""

import os
import subprocess
import sys

IMPORT = """
import sys
from keras_secn import quiet
quiet.silence_tensorflow()
import tensorflow
print("ours", file=sys.stderr)
"""


CHILD = """
import subprocess
subprocess.run([sys.executable, "-c", "import keras_secn.training.devices"], check=True)
"""


def stderr(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    return done.stderr.splitlines()


def test_tensorflow_is_imported_in_silence():
    assert stderr(IMPORT) == ["ours"]


def test_spawned_processes_are_silent_as_well():
    code = IMPORT.replace("import tensorflow", CHILD)
    assert stderr(code) == ["ours"]


def test_nothing_is_imported_before_it_is_asked_for():
    code = "import sys; from keras_secn import quiet; quiet.silence_tensorflow()"
    assert stderr(f"{code}; assert not {{'keras', 'tensorflow'}} & set(sys.modules)") == []


def test_other_words_and_errors_are_shown(tmp_path):
    (tmp_path / "tensorflow.py").write_text(
        "import os\n"
        "os.write(2, b'I0000 stub.cc] Could not find cuda drivers\\nsomething else\\n')\n"
        "raise ImportError('broken')\n"
    )
    lines = stderr(IMPORT, PYTHONPATH=str(tmp_path))
    assert lines[0] == "something else" and lines[-1] == "ImportError: broken"
    assert not any("cuda" in line for line in lines)
