"""Makes presets of a finished cascade: weights, scores and model cards in `keras_secn/weights/`.

    python training/publish.py --run runs/main --data_dir SET5 --data_dir SET14 \\
      --data "what it was trained on, and licences" --command "the command of the run"
"""

from absl import flags

from keras_secn.training.app import run_app

FLAGS = flags.FLAGS
flags.DEFINE_string("run", None, "Folder of a finished run of a script in training/", required=True)
flags.DEFINE_list("networks", [], "Which networks; all of the run if not given.")
flags.DEFINE_multi_string(
    "data_dir", None, "Folders to score on; the first decides.", required=True
)
flags.DEFINE_string("data", None, "Training photographs and their licences.", required=True)
flags.DEFINE_string("command", None, "The command of the training run.", required=True)
flags.DEFINE_string("machine", None, "What it ran on.")
flags.DEFINE_boolean("force", False, "Also replaces presets that score higher.")


def main(argv):
    from publishing import publish

    about = {"data": FLAGS.data, "command": FLAGS.command, "machine": FLAGS.machine}
    for sentence in publish(FLAGS.run, FLAGS.networks, FLAGS.data_dir, about, FLAGS.force):
        print(sentence)


if __name__ == "__main__":
    run_app(main)
