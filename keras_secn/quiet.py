"""Keras imported without what TensorFlow prints at its start."""

import logging
import os
import sys
import tempfile

# TensorFlow 2.21 prints these to file descriptor 2 while it is imported, whatever its settings say
KNOWN = (b"before absl::InitializeLog()", b"Could not find cuda drivers")


def import_keras():
    """Imports Keras and its backend; for programs, before anything else imports them.

    All else that the import prints is shown once it is over.
    """
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # pictures of many sizes are traced anew, and TensorFlow warns of each
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            import keras  # noqa: F401
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            lines = [line for line in held if not any(words in line for words in KNOWN)]
            sys.stderr.write(b"".join(lines).decode(errors="replace"))
