"""Silences TensorFlow's log, for programs."""

import logging
import os


def quiet_tensorflow():
    """Lets TensorFlow print errors alone; for programs, before they import it.

    Child processes inherit the setting. What TensorFlow prints before it reads it remains.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow warns when it traces pictures of many sizes
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
