"""Trains any system of the paper's Table 1 by name, on the same photographs and options.

    python training/train.py --model vdsr --data_dir PHOTOS --val_dir SET5 --output_dir runs/vdsr

The same command goes on where it was interrupted. `--model aplus` fits A+, `--model ct_srcnn`
runs both of its cascades; `--model srgan --initial runs/srresnet/srresnet/model.keras` goes on
from a trained SRResNet against a discriminator. The trained network is model.keras in a folder of
its name within OUTPUT_DIR.
"""

import json

import training_flags
from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError

FLAGS = flags.FLAGS
training_flags.define(output_dir="runs/zoo")
flags.adopt_module_key_flags(training_flags)  # for --help
flags.DEFINE_string(
    "model", None, "What to train: a name of keras_secn.models.registry.SYSTEMS, or srgan."
)
flags.DEFINE_string("arguments", "{}", "Of its factory, as JSON: '{\"blocks\": 8}'.")
flags.DEFINE_integer("steps", 8000, "Optimizer steps, of all stages together.")
flags.DEFINE_enum("loss", None, ["l1", "l2", "charbonnier"], "The paper's own if not given.")
flags.DEFINE_float("momentum", 0.0, "SGD with this momentum (VDSR: 0.9) in place of Adam.")
flags.DEFINE_float("theta", 0.0, "VDSR's clipping: gradients to +-theta / learning rate.")
flags.DEFINE_string(
    "start", "interpolation", "How EDSR, SECN and SRResNet start: interpolation or random."
)
flags.DEFINE_string(
    "initial",
    None,
    "A trained network to go on from, a .keras file or a preset's name; for srgan: the generator; "
    "for ct_secn_16 with fewer separable blocks (--arguments) also one with more of them.",
)
flags.DEFINE_string("teacher", None, "A trained network to learn from, named likewise.")
flags.DEFINE_float(
    "teacher_share", 1.0, "Of its pictures in what is learned.", lower_bound=0.0, upper_bound=1.0
)
flags.DEFINE_string("features", "VGG19", "For srgan: a feature network of keras.applications.")
flags.DEFINE_string("feature_layer", "block5_conv4", "For srgan: which of its layers.")
flags.DEFINE_string("feature_weights", "imagenet", "For srgan: imagenet, a file, or random.")
flags.mark_flag_as_required("model")


def main(argv):
    try:
        arguments = json.loads(FLAGS.arguments)
    except ValueError:
        raise UserError(f"--arguments is not JSON: {FLAGS.arguments}") from None

    # after the flags are parsed: --help must not wait for Keras
    import perceptual

    from keras_secn import metrics
    from keras_secn.cascade.transfer import carry_over
    from keras_secn.metrics import report
    from keras_secn.models import registry
    from keras_secn.training import devices, run

    name = FLAGS.model
    if name in ("aplus", "srgan") and FLAGS.teacher:
        raise UserError(f"{name} is trained in its own way, without --teacher")
    if name == "aplus" and FLAGS.degradation != "none":
        raise UserError("aplus is fitted to clean pictures, without --degradation")
    published = {} if name == "srgan" else dict(registry.system(name).recipe)
    if FLAGS.loss:
        published["loss"] = FLAGS.loss
    if name == "aplus":
        published["precision"] = "float32"  # nothing is trained: no need to time the precisions
    devices = devices.pick_strategy(FLAGS.strategy, FLAGS.logical_devices)
    recipe = training_flags.recipe(
        FLAGS.steps, momentum=FLAGS.momentum, theta=FLAGS.theta, **published
    )
    validation = metrics.ValidationSet(FLAGS.val_dir, FLAGS.scale)
    cache = training_flags.photographs()
    if name == "srgan":
        if not FLAGS.initial:
            raise UserError("srgan needs --initial: a trained SRResNet (.keras)")
        settings = perceptual.AdversarialSettings(
            recipe, FLAGS.initial, FLAGS.features, FLAGS.feature_layer, FLAGS.feature_weights
        )
        rows = perceptual.run_adversarial(
            settings, cache, FLAGS.output_dir, validate=validation.scores
        )
    else:
        settings = run.ZooSettings(
            name,
            recipe,
            FLAGS.scale,
            arguments,
            FLAGS.start,
            initial=FLAGS.initial,
            teacher=FLAGS.teacher,
            teacher_share=FLAGS.teacher_share,
        )
        _, rows = run.run_system(
            settings,
            cache,
            FLAGS.output_dir,
            validate=validation.scores,
            strategy=devices,
            transfer=carry_over,
        )
    print(report.table(rows))
    print(f"written to {FLAGS.output_dir}: {rows[-1]['name']}/model.keras, table.md")


if __name__ == "__main__":
    run_app(main)
