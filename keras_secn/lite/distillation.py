"""Fine-tunes a compressed tf_keras network with the original network as teacher."""

from tqdm import tqdm

from keras_secn.lite.converter import tensorflow
from keras_secn.lite.twin import libraries

LEARNING_RATE = 1e-3  # of a weight's own size, per step
HR_PATCH = 96


def distil(
    student, teacher, patches, text, callbacks=(), progress=False, learning_rate=LEARNING_RATE
):
    """Trains `student` in place on the pictures of `teacher`; both are `tf_keras` models.

    A few hundred steps are enough, since only the error of the compression has to be learned. There
    is one step for each batch of `patches`, while the learning rate falls to 0 in a cosine. Of
    `callbacks`, `on_train_begin`, `on_train_batch_begin` and `on_epoch_end` are called.
    """
    tf = tensorflow()
    tf_keras, _ = libraries()
    rate = tf_keras.optimizers.schedules.CosineDecay(learning_rate, len(patches))
    # its steps are in proportion to the weights: folded and equalized ones differ a thousandfold
    student.compile(tf_keras.optimizers.Adafactor(rate), loss="mean_absolute_error")
    teach = tf.function(lambda lr: tf.clip_by_value(teacher(lr, training=False), 0.0, 255.0))
    for callback in callbacks:
        callback.set_model(student)
        callback.on_train_begin()
    bar = tqdm(range(len(patches)), desc=text, disable=not progress, unit="step")
    for step in bar:
        for callback in callbacks:
            callback.on_train_batch_begin(step)
        lr, _ = patches[step]
        loss = student.train_on_batch(lr, teach(tf.constant(lr)))
        if step % 20 == 0:
            bar.set_postfix({"difference": f"{loss:.3f}"})
    for callback in callbacks:
        callback.on_epoch_end(0)
