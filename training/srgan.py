"""SRGAN: a trained SRResNet goes on against a discriminator (Ledig et al., CVPR 2017, section 2.2).

    python training/srgan.py --initial runs/zoo/srresnet/model.keras --data_dir PHOTOS \\
      --val_dir SET5 --output_dir runs/srgan

Both networks are trained by `train_on_batch`, in turns, which is the same on every backend. The
same command resumes where it was interrupted; the network is OUTPUT_DIR/srgan/model.keras.
"""

import dataclasses
import inspect
import json
import time

import numpy as np
import training_flags
from absl import flags

from keras_secn.training.app import run_app
from keras_secn.utils.atomic_file import atomic_path
from keras_secn.utils.errors import UserError

FLAGS = flags.FLAGS


@dataclasses.dataclass(frozen=True)
class AdversarialSettings:
    """What an adversarial training is asked to do: the flags below, and figures of the paper's.

    `content` and `adversarial` weigh the losses; 0.006 brings VGG19's features to pixels' scale.

    Raises:
        UserError: the patches do not fit the discriminator.
    """

    recipe: object
    initial: str
    features: str = "VGG19"
    feature_layer: str = "block5_conv4"
    feature_weights: str = "imagenet"
    content: float = 0.006
    adversarial: float = 1e-3
    filters: int = 64
    units: int = 1024

    def __post_init__(self):
        if self.recipe.hr_patch % 16:
            raise UserError(f"hr_patch must be a multiple of 16, not {self.recipe.hr_patch}")


def feature_network(name="VGG19", layer="block5_conv4", weights="imagenet"):
    """A frozen network whose features are compared: (B, H, W, 3) RGB in 0..255 to features.

    The arguments are those of `AdversarialSettings`.

    Raises:
        UserError: no such network or layer, or its weights cannot be fetched or read.
    """
    import keras

    homes = [module for module in vars(keras.applications).values() if inspect.ismodule(module)]
    homes = [m for m in homes if hasattr(m, name) and hasattr(m, "preprocess_input")]
    if not homes:
        raise UserError(f"keras.applications has no network {name!r}")
    try:
        network = getattr(homes[0], name)(
            include_top=False,
            weights=None if weights == "random" else weights,
            input_shape=(None, None, 3),
        )
        outputs = network.get_layer(layer).output
    except Exception as error:
        # what a fetch over the network or a damaged file raises depends on where it failed
        reason = str(error).splitlines()[0]
        raise UserError(f"{name}, {layer}, weights {weights}: {reason}") from None
    inputs = keras.Input((None, None, 3), name="picture", dtype="float32")
    features = keras.Model(network.input, outputs)(homes[0].preprocess_input(inputs))
    model = keras.Model(inputs, features, name="features")
    model.trainable = False
    return model


class Adversaries:
    """A generator and a discriminator in training, and what `feature_network` gives."""

    def __init__(self, generator, discriminator, features, settings):
        import keras

        from keras_secn.models.edsr_trunk import scale_of

        self.generator, self.discriminator, self.features = generator, discriminator, features
        jit = keras.backend.backend() != "tensorflow"
        # networks that chase each other are not averaged
        recipe = dataclasses.replace(settings.recipe, ema=0.0)
        logits = keras.losses.BinaryCrossentropy(from_logits=True)
        discriminator.compile(recipe.optimizer(), loss=logits, jit_compile=jit)
        patch = recipe.hr_patch // scale_of(generator)
        lr = keras.Input((patch, patch, 3), name="lr", dtype="float32")
        sr = generator(lr)
        discriminator.trainable = False
        self.combined = keras.Model(lr, [features(sr), discriminator(sr)], name="adversaries")
        self.combined.compile(
            recipe.optimizer(),
            loss=["mean_squared_error", logits],
            loss_weights=[settings.content, settings.adversarial],
            jit_compile=jit,
        )
        self.combined.optimizer.build(self.combined.trainable_variables)
        discriminator.trainable = True
        discriminator.optimizer.build(discriminator.trainable_variables)

    def step(self, lr, hr):
        """One step of each network; the losses are means since `reset_metrics`."""
        real, fake = np.ones((len(lr), 1)), np.zeros((len(lr), 1))
        sr = self.generator.predict_on_batch(lr)
        # JAX reads at each call what is trainable, TensorFlow at the first
        self.discriminator.trainable = True
        self.discriminator.train_on_batch(hr, real)
        judged = self.discriminator.train_on_batch(sr, fake, return_dict=True)
        self.discriminator.trainable = False
        wanted = self.features.predict_on_batch(hr)
        made = self.combined.train_on_batch(lr, [wanted, real], return_dict=True)
        return {"loss": float(made["loss"]), "discriminator_loss": float(judged["loss"])}

    def reset_metrics(self):
        self.combined.reset_metrics()
        self.discriminator.reset_metrics()

    @property
    def variables(self):
        """Everything that a checkpoint holds, in a fixed order."""
        return [
            *self.generator.variables,
            *self.discriminator.variables,
            *self.combined.optimizer.variables,
            *self.discriminator.optimizer.variables,
        ]

    def save(self, path, rows):
        arrays = {f"v{i}": np.array(v) for i, v in enumerate(self.variables)}
        with atomic_path(path) as temporary:
            np.savez(temporary, rows=json.dumps(rows), **arrays)

    def load(self, path):
        """Puts everything back; returns the history's rows.

        Raises:
            UserError: the file is damaged or of other networks.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                for index, variable in enumerate(self.variables):
                    variable.assign(stored[f"v{index}"])
                return json.loads(str(stored["rows"]))
        except Exception as error:
            raise UserError(f"{path} does not fit or is damaged: {error}") from None


def run_adversarial(settings, cache, folder, *, validate):
    """Trains or resumes; returns rows of the generator before and after.

    `folder` gets `srgan/` with `checkpoint.npz`, `history.json` and `model.keras`. PSNR falls here:
    texture that looks right is seldom the photograph's own.

    Raises:
        UserError: see `run_folder`, `feature_network` and `Adversaries.load`.
        Stopped: SIGTERM or Ctrl-C came, and the state is saved.
    """
    # Keras takes seconds, for which --help does not wait
    from keras_secn.metrics.report import network_row
    from keras_secn.presets.keras_file import load_checked
    from keras_secn.presets.load import load
    from keras_secn.training.run_folder import run_folder

    with run_folder(folder, settings) as folder:
        generator = load(settings.initial)
        before = network_row("before", generator, 0, validate)
        home = folder / "srgan"
        home.mkdir(exist_ok=True)
        if (home / "model.keras").exists():
            generator = load_checked(home / "model.keras")
        else:
            _run(settings, cache, home, generator, validate)
        return [before, network_row("srgan", generator, settings.recipe.total_steps, validate)]


def _run(settings, cache, home, generator, validate):
    import keras

    from keras_secn.data.patches import PatchDataset
    from keras_secn.models.srresnet import build_discriminator
    from keras_secn.training.interruption import StopRequest
    from keras_secn.training.progress import RunBar

    recipe = settings.recipe
    keras.utils.set_random_seed(recipe.seed)
    adversaries = Adversaries(
        generator,
        build_discriminator(recipe.hr_patch, settings.filters, settings.units),
        feature_network(settings.features, settings.feature_layer, settings.feature_weights),
        settings,
    )
    checkpoint = home / "checkpoint.npz"
    rows = adversaries.load(checkpoint) if checkpoint.exists() else []
    done = int(adversaries.combined.optimizer.iterations)
    data = PatchDataset(
        cache,
        recipe.batch_size,
        recipe.hr_patch,
        recipe.seed,
        done,
        degradation=recipe.degradation,
    )
    with StopRequest() as stop, RunBar(recipe.total_steps) as bar:
        bar.skip(done)
        bar.bar.set_description("srgan")
        started = time.perf_counter()
        for step in range(done, recipe.total_steps):
            logs = adversaries.step(*data[step - done])
            bar.bar.update()
            ends = (step + 1) % recipe.steps_per_epoch == 0
            if ends:
                seconds = round(time.perf_counter() - started, 3)
                scores = {k: float(v) for k, v in validate(generator).items()}
                rows.append({"step": step + 1, "seconds": seconds, **logs, **scores})
                with atomic_path(home / "history.json") as path:
                    path.write_text(json.dumps(rows, indent=1))
                adversaries.reset_metrics()
                started = time.perf_counter()
            if ends or stop.wanted():
                adversaries.save(checkpoint, rows)
                with stop.at_once(f"stopped at step {step + 1}; the same command resumes there"):
                    pass
    with atomic_path(home / "model.keras") as path:
        generator.save(path)


def define_flags():
    # one device, float32, and networks that chase each other are not averaged
    unused = (*training_flags.DEVICES, "patience", "luminance_share", "ema")
    training_flags.define("runs/srgan", leave_out=unused)
    flags.DEFINE_string(
        "initial", None, "The generator: a .keras file or a preset's name.", required=True
    )
    flags.DEFINE_integer("steps", 8000, "Steps of each network.")
    flags.DEFINE_string("features", "VGG19", "A feature network of keras.applications.")
    flags.DEFINE_string("feature_layer", "block5_conv4", "Which of its layers.")
    flags.DEFINE_string("feature_weights", "imagenet", "imagenet, a file, or random.")


def main(argv):
    settings = AdversarialSettings(
        training_flags.recipe(FLAGS.steps, precision="float32", ema=0.0),
        FLAGS.initial,
        FLAGS.features,
        FLAGS.feature_layer,
        FLAGS.feature_weights,
    )
    validate = training_flags.validation().scores
    rows = run_adversarial(
        settings, training_flags.photographs(), FLAGS.output_dir, validate=validate
    )

    from keras_secn.metrics.report import table

    print(table(rows))
    print(f"written to {FLAGS.output_dir}: srgan/model.keras")


if __name__ == "__main__":
    define_flags()
    run_app(main, groups=training_flags.GROUPS)
