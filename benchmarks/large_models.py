"""Builds EDSR and SECN B32F256 (41 M parameters) and trains each for one step in bfloat16.

    python benchmarks/large_models.py
    KERAS_BACKEND=jax python benchmarks/large_models.py --batch_size 16 --hr_patch 192

Each runs in a process of its own, whose peak memory the table states.
"""

from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
flags.DEFINE_list("models", ["edsr_large", "secn_large"], "Names of the registry's SYSTEMS.")
flags.DEFINE_string("precision", "mixed_bfloat16", "float32 or mixed_bfloat16.")
flags.DEFINE_integer("batch_size", 2, "Patches in the step.", lower_bound=1)
flags.DEFINE_integer("hr_patch", 24, "Patch size in HR pixels.", lower_bound=2)
flags.DEFINE_string("json", None, "Writes all figures to this file.")


def main(argv):
    import large_step

    from keras_secn.metrics.protocol import write_json

    rows = []
    for name in FLAGS.models:
        rows.append(large_step.measure(name, FLAGS.precision, FLAGS.batch_size, FLAGS.hr_patch))
        # each at once: the next one may not fit into memory
        print(large_step.to_markdown(rows[-1:]), flush=True)
    if FLAGS.json:
        write_json(rows, FLAGS.json)


if __name__ == "__main__":
    run_app(main)
