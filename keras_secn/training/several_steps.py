"""Several optimizer steps in one call of the compiled function.

What Keras does between two calls takes longer than a GPU's step of these networks.
"""

import keras

AT_ONCE = 10  # at most, where a step is short


def steps_at_once(steps):
    """The largest number up to `AT_ONCE` that divides `steps`: Keras would go beyond them."""
    return next(n for n in range(AT_ONCE, 0, -1) if steps % n == 0)


def in_one_call(model):
    """A model of the same layers, all of whose `steps_per_execution` are one call on JAX.

    Keras makes as many calls there, each of which passes all variables. The new network is not
    compiled. On other backends than JAX `model` itself is returned.
    """
    if keras.backend.backend() != "jax":
        return model
    import jax

    class SeveralSteps(type(model)):
        def make_train_function(self, force=False):
            if self.steps_per_execution == 1:
                return super().make_train_function(force)
            if self.train_function is not None and not force:
                return None

            def step(state, batch):
                logs, state = self.train_step(state, batch)
                return state, logs

            def steps(state, batches):
                batches = jax.tree.map(lambda *parts: jax.numpy.stack(parts), *batches)
                state, logs = jax.lax.scan(step, state, batches)
                return jax.tree.map(lambda values: values[-1], logs), state

            compiled = jax.jit(steps, donate_argnums=0)

            def execution(state, iterator):
                return compiled(state, [next(iterator) for _ in range(self.steps_per_execution)])

            self.train_function = execution
            return None

    return SeveralSteps(model.input, model.output, name=model.name)
