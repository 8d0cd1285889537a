"""A program's own start: TensorFlow says less."""

import logging
import os


def quiet_tensorflow():
    """Lets TensorFlow, which the program imports later, print errors alone.

    For programs, which own their process and its environment; processes that they start inherit
    it. What TensorFlow's import prints before it reads its settings remains.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # pictures of many sizes are traced anew, and TensorFlow warns of each
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
