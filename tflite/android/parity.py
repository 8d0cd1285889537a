"""Writes a folder of inputs and expected pictures that an app checks itself against, or checks it.

    python tflite/android/parity.py pocket_secn_m_int8.tflite --data_dir PHOTOS --out parity/
    python tflite/android/parity.py --check parity/

The second form runs on any machine with Python and ai-edge-litert.
"""

from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError

FLAGS = flags.FLAGS
flags.DEFINE_string("data_dir", None, "Folder of photographs (default: the samples).")
flags.DEFINE_string("out", None, "The folder to write.")
flags.DEFINE_integer("tile", 64, "LR pixels a side of the tiles.", lower_bound=16)
flags.DEFINE_string("check", None, "A folder to check on this machine, instead of writing one.")


def main(argv):
    if bool(FLAGS.check) == (len(argv) == 2 and bool(FLAGS.out)):
        raise UserError("usage: parity.py FILE --out DIR, or parity.py --check DIR")
    import reference_pictures

    from keras_secn.lite.pictures import SAMPLES

    if FLAGS.check:
        rows = reference_pictures.check(FLAGS.check)
        for name, row in rows.items():
            print(
                f"{name}: largest difference {row['largest']}, mean {row['mean']:.4f};"
                f" largest from LiteRT's own kernels {row['builtin']}"
            )
        if not all(row["tolerated"] for row in rows.values()):
            raise UserError(f"more than {FLAGS.check}/parity.json tolerates")
        return
    facts = reference_pictures.write(argv[1], FLAGS.out, FLAGS.data_dir or SAMPLES, FLAGS.tile)
    print(f"{FLAGS.out}: {len(facts['pictures'])} pictures by {facts['file']}")


if __name__ == "__main__":
    run_app(main, positional=True)
