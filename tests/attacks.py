"""Changes to the description in a `.keras` file that make it name foreign code."""

import copy

from descriptions import function, instance, layer


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
