"""Descriptions in `.keras` files that name foreign code: refused before Keras reads them."""

import contextlib
import copy
import io
import json
import pathlib
import zipfile

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scripts import script
from system_run import SystemSettings, run_system

from keras_secn import cli, presets
from keras_secn.layers.blocks import BLOCKS
from keras_secn.models import registry
from keras_secn.models.edsr_trunk import build_network
from keras_secn.presets.keras_file import ACTIVATIONS, CLASSES, load_checked
from keras_secn.training.checkpoint import CURRENT
from keras_secn.training.losses import losses_of, supervised
from keras_secn.training.recipe import Recipe
from keras_secn.training.trainer import train
from keras_secn.utils.errors import UserError
from keras_secn.utils.precision_scope import precision_scope

REFUSAL = "none of what a network may be made of"


@keras.saving.register_keras_serializable("callers")
class Around(keras.layers.Layer):
    """A program's own layer that holds another one."""

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer

    def call(self, inputs):
        return self.layer(inputs)

    def get_config(self):
        return {**super().get_config(), "layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config.pop("layer")), **config)


@keras.saving.register_keras_serializable("callers")
class Lambda(keras.layers.Layer):
    """A program's own layer of the same name as Keras' that runs code."""

    def call(self, inputs):
        return inputs


# --- files


def network():
    """A network of each kind of nesting, that enlarges twice."""
    inputs = keras.Input((None, None, 3), name="input")
    x = keras.layers.Conv2D(12, 3, padding="same", activation="relu", name="conv")(inputs)
    inner = keras.Input((None, None, 12))
    inner = keras.Model(inner, keras.layers.Activation("relu", name="deep")(inner), name="inner")
    inner.compile("adam", "mean_squared_error")  # so a description holds two compilations
    x = keras.Sequential([keras.Input((None, None, 12)), inner], name="sequential")(x)
    x = Around(keras.layers.Conv2D(12, 1, name="within"), name="around")(x)
    x = keras.layers.Activation("relu", name="act")(x)
    outputs = keras.layers.Conv2D(3, 3, padding="same", name="tail")(
        keras.layers.UpSampling2D(2, name="up")(x)
    )
    model = keras.Model(inputs, outputs)
    model.compile("adam", "mean_squared_error")
    return model


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("honest") / "honest.keras"
    network().save(path)
    return path


def rewritten(file, path, change):
    """`file` with another description, written to `path`."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    description = json.loads(members["config.json"])
    change(description)
    members["config.json"] = json.dumps(description).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def layer(part, name):
    """A layer's description, at whatever depth."""
    if isinstance(part, dict):
        config = part.get("config")
        if "class_name" in part and isinstance(config, dict) and config.get("name") == name:
            return part
        part = list(part.values())
    found = (layer(value, name) for value in part) if isinstance(part, list) else ()
    return next((value for value in found if value), None)


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def instance(module, name, config=None):
    config = {} if config is None else config
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


# --- what must not change


def state(folder):
    return (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        keras.config.dtype_policy().name,
        keras.config.is_traceback_filtering_enabled(),
        keras.config.is_interactive_logging_enabled(),
        sorted(path.name for path in folder.rglob("*") if path.name == "marker"),
    )


@pytest.fixture
def untouched(tmp_path, monkeypatch):
    """The test fails if a global setting of Keras changed or the file `marker` was written."""
    monkeypatch.chdir(tmp_path)
    before = state(tmp_path)
    yield
    after = state(tmp_path)
    keras.config.set_floatx(before[0])
    keras.config.set_epsilon(before[1])
    keras.config.set_image_data_format(before[2])
    keras.config.enable_traceback_filtering()
    assert after == before


def refusal(path, **options):
    with pytest.raises(UserError) as error:
        load_checked(path, **options)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    return str(error.value)


# --- attacks


def called(name, symbol, **arguments):
    """A second call of an activation layer, which gives strings to a function of Keras'."""

    def change(description):
        part = layer(description, name)
        part["config"]["activation"] = symbol
        part["inbound_nodes"].append({"args": [], "kwargs": arguments})

    return change


def put(name, key, value):
    """Another entry in a layer's configuration."""

    def change(description):
        layer(description, name)["config"][key] = copy.deepcopy(value)

    return change


def update(name, **entries):
    """Other entries beside a layer's configuration."""

    def change(description):
        layer(description, name).update(copy.deepcopy(entries))

    return change


def call(*args, **kwargs):
    """One more call of a layer."""

    def change(description):
        node = {"args": list(args), "kwargs": kwargs}
        layer(description, "act")["inbound_nodes"].append(node)

    return change


def nodes(value):
    return update("act", inbound_nodes=value)


def whole(value):
    """Another network altogether."""

    def change(description):
        description.clear()
        description.update(copy.deepcopy(value))

    return change


def older_rules(description):
    """Without a module, Keras looks up the name alone, and finds its own `Lambda`."""
    part = layer(description, "around")
    part.update(class_name="Lambda", registered_name="callers>Lambda")
    del part["module"]


FLOATX = function("keras.config", "set_floatx")
WRAPPERS = {
    "TimeDistributed": lambda value: {"layer": value},
    "Bidirectional": lambda value: {"layer": value, "backward_layer": value},
    "RNN": lambda value: {"cell": value},
    "StackedRNNCells": lambda value: {"cells": [value]},
    "SpectralNormalization": lambda value: {"layer": value},
}
EVIL = instance("keras.layers", "Lambda", {"function": "marker"})
TENSOR = {
    "class_name": "__keras_tensor__",
    "config": {"shape": [None, 3], "dtype": "float32", "keras_history": ["conv", 0, 0]},
}
# what Keras' deserialization knows besides classes and functions
SPECIAL = {
    "__tensor__": {"value": [1.0], "dtype": "float32"},
    "__numpy__": {"value": [1.0], "dtype": "float32"},
    "__bytes__": {"value": "x"},
    "__ellipsis__": {},
    "__slice__": {"start": None, "stop": 1, "step": None},
    "__lambda__": {"value": ["4wE=", None, None]},
    "__typespec__": [[None], "float32", None],
    "__keras_tensor__": TENSOR["config"],
}
EXPORTED = [
    ("keras.config", "set_floatx"),
    ("keras.config", "enable_unsafe_deserialization"),
    ("keras.utils", "get_file"),
    ("keras.saving", "load_model"),
    ("keras.saving", "KerasFileEditor"),
    ("keras.models", "load_model"),
    ("keras.datasets.cifar10", "load_data"),
    ("keras.layers", "TFSMLayer"),
    ("keras.layers", "Lambda"),
    ("keras.layers", "TorchModuleWrapper"),
    ("keras.layers", "JaxLayer"),
    ("keras.layers", "FlaxLayer"),
    ("keras.layers", "StringLookup"),
    ("keras.layers", "IntegerLookup"),
    ("keras.layers", "TextVectorization"),
    ("keras.activations", "get"),
    ("keras.activations", "deserialize"),
    ("keras.initializers", "get"),
    ("keras.callbacks", "TensorBoard"),
    ("keras.applications", "VGG19"),
]
FOREIGN = [
    ("os", "system"),
    ("builtins", "eval"),
    ("builtins", "open"),
    ("subprocess", "Popen"),
    ("keras.src.utils.file_utils", "copy"),
    ("keras.src.saving.serialization_lib", "os.system"),
    ("keras.layers", "Conv2D.__init__"),
    ("keras.layers ", "Conv2D"),
    ("Keras.layers", "Conv2D"),
    ("keras.src.layers", "Conv2D"),
    ("keras_secn.layers", "subprocess"),
    ("", "Conv2D"),
]

ATTACKS = {
    "string": called("act", FLOATX, inputs="float16"),
    "string_nested": called("deep", FLOATX, inputs="float16"),
    "compiled_within": update("inner", compile_config={"optimizer": EVIL, "loss": None}),
    "build_config": update("conv", build_config={"input_shape": [None, EVIL]}),
    "own_layer_around_it": put("around", "layer", EVIL),
    "class_name_null": update("conv", class_name=None),
    "class_name_list": update("conv", class_name=["Conv2D"]),
    "no_module": update("conv", module=None),
    "older_rules": older_rules,
    "function_elsewhere": put("conv", "activation", function("keras.ops", "relu")),
    "registered_name_of_another": update("conv", registered_name="callers>Around"),
    "registered_name_unknown": update("conv", registered_name="nobody>Conv2D"),
    "registered_name_alone": update("around", class_name="Conv2D"),
    "registered_name_dict": update("conv", registered_name={"a": 1}),
    "sequential_of_names": put("sequential", "layers", ["Flatten"]),
    "sequential_of_keys": put("sequential", "layers", {"Flatten": 1}),
    "class_as_function": put("conv", "activation", function("builtins", "callers>Around")),
    "own_class_as_function": put("conv", "activation", function("builtins", "keras_secn>Lines")),
    "two_names": put(
        "conv", "activation", {**function("builtins", "relu"), "registered_name": "get"}
    ),
    "traversal": put("conv", "activation", function("keras.activations", "relu.__globals__")),
    "node_of_older_rules": nodes([[["conv", 0, 0, {"inputs": "float16"}]]]),
    "nodes_dict": nodes({"args": [], "kwargs": {}}),
    "node_string": nodes(["float16"]),
    "node_args_string": nodes([{"args": "float16", "kwargs": {}}]),
    "node_kwargs_class": call(class_name="Lambda", config={}),
    "argument_string": call("float16"),
    "argument_string_in_list": call([TENSOR, ["float16"]]),
    "argument_dict": call({"a": 1}),
    "argument_layer": call(instance("keras.layers", "ReLU")),
    "argument_relu": call(function("builtins", "relu")),
    "tensor_with_more": call({**TENSOR, "module": "keras"}),
    "tensor_elsewhere": put("conv", "filters", TENSOR),
    "tensor_of_nothing": call({"class_name": "__keras_tensor__", "config": {}}),
    "top": whole(instance("keras.layers", "Lambda", {"function": "marker"})),
}
for MODULE, NAME in EXPORTED + FOREIGN:
    ATTACKS[f"class {MODULE}.{NAME}"] = update(
        "conv", module=MODULE, class_name=NAME, registered_name=NAME
    )
    SYMBOL = function(MODULE, NAME)
    ATTACKS[f"function {MODULE}.{NAME}"] = called("act", SYMBOL, inputs="marker")
    ATTACKS[f"initializer {MODULE}.{NAME}"] = put("conv", "kernel_initializer", SYMBOL)
for NAME in ("bias_initializer", "kernel_regularizer", "activity_regularizer", "bias_constraint"):
    ATTACKS[NAME] = put("conv", NAME, FLOATX)
ATTACKS["dtype"] = put("conv", "dtype", instance("keras.utils", "get_file", {"name": "float32"}))
for NAME, WITHIN in WRAPPERS.items():
    ATTACKS[NAME] = update(
        "conv", class_name=NAME, config={"name": "conv", **WITHIN(EVIL)}, module="keras.layers"
    )
    ATTACKS[f"own {NAME}"] = put("around", "layer", instance("keras.layers", NAME, WITHIN(EVIL)))
for NAME, CONFIG in SPECIAL.items():
    SYMBOL = {"class_name": NAME, "config": CONFIG, "module": "keras", "registered_name": None}
    SYMBOL["spec_name"] = "Lambda"
    ATTACKS[f"argument {NAME}"] = call(SYMBOL)
    ATTACKS[f"config {NAME}"] = put("around", "extra", [SYMBOL])


@pytest.mark.parametrize("name", ATTACKS)
def test_refused_before_keras_reads_it(honest, tmp_path, untouched, name):
    path = rewritten(honest, tmp_path / "attack.keras", ATTACKS[name])
    assert REFUSAL in refusal(path)


def test_compilation_is_checked_where_it_is_read(honest, tmp_path, untouched):
    def change(description):
        description["compile_config"]["optimizer"] = EVIL

    path = rewritten(honest, tmp_path / "attack.keras", change)
    assert REFUSAL in refusal(path, compile=True)
    assert not load_checked(path).compiled


def test_what_is_no_network_is_refused(honest, tmp_path):
    relu = whole(instance("keras.layers", "ReLU", {"name": "relu"}))
    assert "holds no network" in refusal(rewritten(honest, tmp_path / "relu.keras", relu))


# --- the commands' eight ways to a file


@pytest.fixture
def foreign_graph(tmp_path):
    """A SavedModel that writes a file as soon as it is loaded."""
    tf = pytest.importorskip("tensorflow")
    marker = str(tmp_path / "marker")

    class Resource(tf.saved_model.experimental.TrackableResource):
        def _create_resource(self):
            return tf.raw_ops.StackV2(max_size=1, elem_type=tf.float32)

        def _initialize(self):
            tf.io.write_file(marker, "the file's code ran")

    module = tf.Module()
    module.resource = Resource()
    module.resource.resource_handle  # noqa: B018 (creates it)
    module.resource._initialize = tf.function(module.resource._initialize)
    module.serve = tf.function(lambda x: x, [tf.TensorSpec(None)])
    tf.saved_model.save(module, str(tmp_path / "graph"), {"serving_default": module.serve})
    pathlib.Path(marker).unlink(missing_ok=True)
    return str(tmp_path / "graph")


def command(*arguments):
    """Runs a `keras-secn` command, whose one line becomes an exception here."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        status = cli.main([str(argument) for argument in arguments])
    assert status == 1
    raise UserError(said.getvalue().strip())


TINY = {"blocks": 1, "filters": 8}
RECIPE = Recipe(4, batch_size=2, hr_patch=16, interval=2)


def zoo_run(folder, **options):
    run_system(
        SystemSettings("secn", RECIPE, 2, TINY, **options), None, folder / "run", validate=len
    )


def network_folder(file, name):
    """A run's network whose folder holds the file under that name."""
    folder = file.parent / "run" / "secn"
    folder.mkdir(parents=True)
    file.rename(folder / name)
    train(lambda: registry.system("secn").build(**TINY), RECIPE, None, folder)


ENTRIES = {
    "upscale": lambda file: command(
        "upscale", file.parent / "in.png", "-o", file.parent / "out.png", "--model", file
    ),
    "export": lambda file: command("export", file, "-o", file.parent / "out.tflite"),
    "convert": lambda file: script("tflite/convert.py", model=file, out=file.parent / "out.tflite"),
    "evaluate": lambda file: script("training/evaluate.py", model=file, data_dir=file.parent),
    "initial": lambda file: zoo_run(file.parent, initial=str(file)),
    "teacher": lambda file: zoo_run(file.parent, teacher=str(file)),
    "checkpoint": lambda file: network_folder(file, CURRENT),
    "finished": lambda file: network_folder(file, "model.keras"),
}


@pytest.mark.parametrize("attack", ["string", "string_nested", "graph"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_refused_at_every_entry(honest, tmp_path, foreign_graph, untouched, entry, attack):
    change = ATTACKS.get(attack) or called(
        "act", function("keras.layers", "TFSMLayer"), inputs=foreign_graph
    )
    path = rewritten(honest, tmp_path / "attack.keras", change)
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / "in.png")
    with pytest.raises(UserError, match=REFUSAL) as error:
        ENTRIES[entry](path)
    assert "\n" not in str(error.value)


# --- any symbol at any place


def exported():
    """(module, name) of all that Keras exports and no list of ours holds."""
    from keras.src import api_export

    for path in api_export.REGISTERED_NAMES_TO_OBJS:
        module, _, name = path.rpartition(".")
        if name not in CLASSES.get(module, ()) and name not in ACTIVATIONS.split():
            yield module, name


def places(part):
    """(container, key) of every value in a description."""
    pairs = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in list(pairs):
        yield part, key
        if isinstance(value, dict | list):
            yield from places(value)


WORDS = st.text(max_size=12) | st.sampled_from(["keras", "os", "system", "keras.layers", "Lambda"])
SYMBOLS = st.sampled_from(sorted(exported())) | st.tuples(WORDS.map("x{}".format), WORDS)


@st.composite
def described(draw):
    """A symbol as Keras may be told of it, within lists, dictionaries and objects."""
    module, name = draw(SYMBOLS)
    if draw(st.booleans()):
        value = function(draw(st.sampled_from([module, "builtins"])), name)
    else:
        value = instance(module, name, draw(st.sampled_from([None, {}, {"name": "a"}, []])))
    value["registered_name"] = draw(st.sampled_from([None, name, "function", "callers>Around"]))
    for kind in draw(st.lists(st.sampled_from(["list", "dict", "object", "own"]), max_size=3)):
        value = {
            "list": [1, value],
            "dict": {"a": value},
            "object": instance("keras", "Sequential", {"name": "a", "layers": [value]}),
            "own": {
                **instance("callers", "Around", {"layer": value}),
                "registered_name": "callers>Around",
            },
        }[kind]
    return value


def refuse_a_symbol(honest, folder, data):
    """Draws a symbol and a place of it, and sees that the file is refused."""

    def change(description):
        found = list(places(description))
        container, key = found[data.draw(st.integers(0, len(found) - 1))]
        container[key] = data.draw(described())

    before = state(folder)
    refusal(rewritten(honest, folder / "symbol.keras", change), compile=True)
    assert state(folder) == before


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_symbol_at_no_place(honest, tmp_path_factory, data):
    refuse_a_symbol(honest, tmp_path_factory.mktemp("symbol"), data)


# --- what must load


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("name", registry.SYSTEMS)
def test_every_system_and_its_checkpoint(tmp_path, name, precision):
    system = registry.system(name)
    with precision_scope(precision):
        model = supervised(system.build(**system.small))
    loss, weights = losses_of(model)
    model.compile(RECIPE.optimizer(), loss=loss, loss_weights=weights)
    model.save(tmp_path / "model.keras")
    for compiled in (False, True):
        loaded = load_checked(tmp_path / "model.keras", compile=compiled)
        assert loaded.compiled == compiled
        for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", BLOCKS)
def test_every_block(tmp_path, kind):
    build_network([kind], filters=8).save(tmp_path / "model.keras")
    load_checked(tmp_path / "model.keras")


CARDS = {name: presets.preset_card(name) for name in presets.list_presets()}
# one of each factory and scale: others differ in counts of the same layers
KINDS = {(card["factory"], card["scale"]): name for name, card in CARDS.items()}


@pytest.mark.parametrize("name", KINDS.values())
def test_every_kind_of_preset(tmp_path, name):
    presets.load(name).save(tmp_path / "model.keras")
    load_checked(tmp_path / "model.keras")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"schedule": "halving"},
        {"schedule": "constant"},
        {"momentum": 0.9},
        {"momentum": 0.9, "theta": 0.4},
    ],
)
def test_every_optimizer(tmp_path, options):
    model = build_network(["separable"], filters=4)
    model.compile(Recipe(100, **options).optimizer(), loss=losses_of(model)[0])
    model.save(tmp_path / "model.keras")
    loaded = load_checked(tmp_path / "model.keras", compile=True)
    assert loaded.optimizer.get_config() == model.optimizer.get_config()


def test_activations_that_are_functions(honest, tmp_path):
    for name in ACTIVATIONS.split():
        for module in ("builtins", "keras.activations"):
            change = put("conv", "activation", function(module, name))
            path = rewritten(honest, tmp_path / "model.keras", change)
            assert load_checked(path).get_layer("conv").activation.__name__ == name


def test_a_loss_of_ones_own_does_not_matter_for_inference(tmp_path):
    def loss(y_true, y_pred):
        return keras.ops.mean(y_true - y_pred)

    model = build_network(["separable"], filters=4)
    model.compile("adam", loss)
    model.save(tmp_path / "model.keras")
    load_checked(tmp_path / "model.keras")
    refusal(tmp_path / "model.keras", compile=True)
