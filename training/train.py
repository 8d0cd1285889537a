"""Trains any system of the paper's Table 1 by name, on the same photographs and options.

    python training/train.py --model vdsr --data_dir PHOTOS --output_dir runs/vdsr

and trains a preset further:

    python training/train.py --model ct_secn_16 --initial ct_secn_16 --learning_rate 2e-4 \\
      --data_dir PHOTOS --output_dir runs/tuned

The same command resumes where it was interrupted. `--model aplus` fits A+, `--model ct_srcnn`
runs both of its cascades. The trained network is model.keras in a folder of its name within
OUTPUT_DIR.
"""

import json

import training_flags
from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError

FLAGS = flags.FLAGS
training_flags.define(output_dir="runs/zoo")
flags.DEFINE_string(
    "model",
    None,
    "One of secn, ct_secn_16, secn_large, edsr, edsr_large, aplus, srcnn, srcnn_955, fsrcnn, "
    "espcn, vdsr, drcn, drrn, lapsrn, srresnet, ct_srcnn.",
    required=True,
)
flags.DEFINE_string("arguments", "{}", "Of its factory, as JSON: '{\"blocks\": 8}'.")
flags.DEFINE_integer("steps", 8000, "Optimizer steps, of all stages together.")
flags.DEFINE_enum("loss", None, ["l1", "l2", "charbonnier"], "The paper's own if not given.")
flags.DEFINE_float("momentum", None, "SGD with this momentum in place of Adam; 0 for Adam.")
flags.DEFINE_float(
    "theta", None, "With momentum, clips gradients to +-theta / learning rate; 0 for none."
)
flags.DEFINE_string(
    "start", "interpolation", "How EDSR, SECN and SRResNet start: interpolation or random."
)
flags.DEFINE_string(
    "initial",
    None,
    "A trained network to go on from, a .keras file or a preset's name; for ct_secn_16 with "
    "fewer separable blocks (--arguments) also one with more of them.",
)
flags.DEFINE_string("teacher", None, "A trained network to learn from, named likewise.")
flags.DEFINE_float(
    "teacher_share",
    1.0,
    "Of its pictures in what is learned.",
    lower_bound=0.0,
    upper_bound=1.0,
)
# what does nothing for A+, which is fitted and not trained in steps
STEPS = ("steps", "loss", "momentum", "theta", "start", "initial", "teacher", "teacher_share")
STEPS += ("degradation", *training_flags.DEVICES)
STEPS += tuple(name for name in training_flags.RECIPE if name not in ("seed", "hr_patch"))


def main(argv):
    try:
        arguments = json.loads(FLAGS.arguments)
    except ValueError:
        raise UserError(f"--arguments is not JSON: {FLAGS.arguments}") from None
    if FLAGS.model == "aplus":
        training_flags.refuse(STEPS, "does nothing for aplus, which is fitted to clean pictures")
    if not FLAGS.teacher:
        training_flags.refuse(["teacher_share"], "needs a --teacher")

    # after the flags are parsed: --help must not wait for Keras
    from system_run import SystemSettings, run_system

    from keras_secn.metrics.report import table
    from keras_secn.models import registry
    from keras_secn.models.bicubic_start import can_start_as_interpolation

    system = registry.system(FLAGS.model)
    if FLAGS["start"].present and not can_start_as_interpolation(system.build(**system.small)):
        training_flags.refuse(["start"], f"does nothing for {FLAGS.model}")
    strategy = training_flags.devices()
    changes = {**system.recipe}
    for name in ("loss", "momentum", "theta"):
        if FLAGS[name].value is not None:
            changes[name] = FLAGS[name].value
    if FLAGS.model == "aplus":
        changes["precision"] = "float32"  # nothing is trained: no need to time the precisions
    settings = SystemSettings(
        FLAGS.model,
        training_flags.recipe(FLAGS.steps, **changes),
        FLAGS.scale,
        arguments,
        FLAGS.start,
        initial=FLAGS.initial,
        teacher=FLAGS.teacher,
        teacher_share=FLAGS.teacher_share,
    )
    _, rows = training_flags.run(run_system, settings, strategy)
    print(table(rows))
    print(f"written to {FLAGS.output_dir}: {rows[-1]['name']}/model.keras, table.md")


if __name__ == "__main__":
    run_app(main, groups=training_flags.GROUPS)
