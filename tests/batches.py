"""Folders of small pictures, and where a batch would put their results."""

import io
import pathlib

from odd_files import picture
from PIL import Image

from keras_secn.upscaling import batch

KINDS = {".png": "PNG", ".jpg": "JPEG", ".JPG": "JPEG", ".jfif": "JPEG", ".jpe": "JPEG"}


def content(suffix):
    file = io.BytesIO()
    Image.fromarray(picture(9, 7)).save(file, KINDS[suffix])
    return file.getvalue()


CONTENTS = {suffix: content(suffix) for suffix in KINDS}


def make(*names, folder="."):
    for name in names:
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENTS.get(path.suffix, b"?"))


def plan(*names, out=None, **options):
    """Outputs by input, as text."""
    made = batch.plan(names, out, "x2", **options)
    assert not made.failed
    return {job.path.as_posix(): job.out.as_posix() for job in made.jobs}


def listing():
    return sorted(pathlib.Path().rglob("*"))
