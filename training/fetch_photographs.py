"""Fetches 580 freely licensed photographs to train on (2.9 GB to download, 470 MB kept).

    python training/fetch_photographs.py --output_dir photographs

From Ubuntu's and Debian's wallpaper packages, pinned by their SHA-256; needs dpkg-deb. The same
command goes on where it was interrupted. SOURCES.md beside the photographs names the licences.
"""

import pathlib

from absl import flags

from keras_secn import free_photographs
from keras_secn.errors import run_app

FLAGS = flags.FLAGS
flags.DEFINE_string("output_dir", None, "Where the photographs go.", required=True)
flags.DEFINE_boolean("progress", True, "Shows a progress bar.")


def main(argv):
    folder = pathlib.Path(FLAGS.output_dir)
    count = free_photographs.fetch(folder, progress=FLAGS.progress)
    print(f"{count} photographs in {folder}, their licences in {folder / 'SOURCES.md'}")


if __name__ == "__main__":
    run_app(main)
