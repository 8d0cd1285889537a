"""Files from strangers: what SECURITY.md promises of images, `.keras` files and presets."""

import io
import json
import struct
import warnings
import zipfile
import zlib

import h5py
import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pictures import noise
from PIL import Image

from keras_secn import presets
from keras_secn.data.images import read_image
from keras_secn.models.edsr_trunk import build_network
from keras_secn.presets.keras_file import load_checked
from keras_secn.utils.errors import UserError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of TIFF files

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
FUZZ_MODELS = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


# --- .keras files


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return build_network(["separable"], filters=4)


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "network.keras"
    network.save(path)
    return path


def rewritten(file, folder, change=None, weights=None, extra=()):
    """A copy of `file` with another description, other weights or more members."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if change:
        config = json.loads(members["config.json"])
        change(config)
        members["config.json"] = json.dumps(config).encode()
    if weights is not None:
        members["model.weights.h5"] = weights
    path = folder / "rewritten.keras"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")  # of names that come twice
        for name, content in [*members.items(), *extra]:
            archive.writestr(name, content)
    return path


def refusal(path):
    with pytest.raises(UserError) as error:
        load_checked(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)
    return str(error.value)


def test_an_honest_file_loads(file, network, tmp_path):
    loaded = load_checked(rewritten(file, tmp_path))
    for a, b in zip(loaded.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("unsafe", [False, True])
def test_lambda_does_not_run(tmp_path, unsafe, monkeypatch):
    trace = tmp_path / "trace"
    monkeypatch.setenv("TRACE", str(trace))
    inputs = keras.Input((4, 4, 3))
    # an honest function would be saved by its name; a lambda is saved as code
    layer = keras.layers.Lambda(
        lambda x: (open(__import__("os").environ["TRACE"], "a").close(), x)[1],
        output_shape=(4, 4, 3),
    )
    model = keras.Model(inputs, layer(inputs))
    model.save(tmp_path / "model.keras")
    trace.unlink(missing_ok=True)
    before = keras.src.saving.serialization_lib.in_safe_mode()
    try:
        if unsafe:  # somebody else's code in this process threw Keras' switch
            keras.config.enable_unsafe_deserialization()
            keras.saving.load_model(tmp_path / "model.keras")(np.zeros((1, 4, 4, 3)))
            assert trace.exists()  # the attack is real
            trace.unlink()
        assert "Lambda" in refusal(tmp_path / "model.keras")
    finally:
        keras.src.backend.common.global_state.set_global_attribute("safe_mode_saving", before)
    assert not trace.exists()


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", "assets/x", "..\\evil", "model.weights.npz", "config.json"]
)
def test_other_members_are_refused(file, tmp_path, name):
    assert "the archive holds" in refusal(rewritten(file, tmp_path, extra=[(name, b"x")]))


def test_bombs_are_refused(file, tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name in members:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for other, content in members.items():
                archive.writestr(other, content + bytes(1 << 24) if other == name else content)
        assert "bytes large" in refusal(path)


def test_weights_do_not_point_outside_their_file(file, tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as archive:
        archive["vars/0"] = np.ones((3, 3, 3, 4))
    with zipfile.ZipFile(file) as archive:
        weights = archive.read("model.weights.h5")
    for kind in ("external link", "external data", "virtual"):
        buffer = io.BytesIO(weights)
        with h5py.File(buffer, "r+") as archive:
            names = []
            archive.visititems(
                lambda n, o, names=names: names.append(n) if n.endswith("/0") else None
            )
            name, shape = names[0], archive[names[0]].shape
            del archive[name]
            if kind == "external link":
                archive[name] = h5py.ExternalLink(str(secret), "/vars/0")
            elif kind == "external data":
                size = 4 * int(np.prod(shape))
                archive.create_dataset(name, shape, "f4", external=[(str(secret), 0, size)])
            else:
                layout = h5py.VirtualLayout(shape, "f4")
                layout[...] = h5py.VirtualSource(str(secret), "vars/0", shape)
                archive.create_virtual_dataset(name, layout)
        refusal(rewritten(file, tmp_path, weights=buffer.getvalue()))


def test_only_keras_files(file, tmp_path):
    (tmp_path / "folder.keras").mkdir()
    (tmp_path / "text.keras").write_text("no model")
    (tmp_path / "model.h5").write_bytes(file.read_bytes())
    for name in ("folder.keras", "missing.keras", "text.keras", "model.h5"):
        refusal(tmp_path / name)
    with pytest.raises(UserError, match="no such file"):
        load_checked("hf://someone/model.keras")


@FUZZ_MODELS
@given(st.data())
def test_a_changed_file_is_refused_or_the_same(file, network, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "fuzz.keras"
    path.write_bytes(mutated(file.read_bytes(), data))
    try:
        loaded = load_checked(path)
    except UserError as error:
        assert "\n" not in str(error)
        return
    for a, b in zip(loaded.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def mutated(content, data):
    """`content` with bytes changed, removed or put in at a few places."""
    content = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        kind = data.draw(st.sampled_from(["change", "change", "cut", "remove", "insert"]))
        if kind == "change":
            content[place : place + 1] = bytes([data.draw(st.integers(0, 255))])
        elif kind == "cut":
            del content[place:]
        elif kind == "remove":
            del content[place : place + data.draw(st.integers(1, 64))]
        else:
            content[place:place] = data.draw(st.binary(min_size=1, max_size=16))
        if not content:
            break
    return bytes(content)


# --- presets


@FUZZ_MODELS
@given(st.data())
def test_changed_presets_are_refused(network, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("presets")
    card = {"factory": "build_network", "arguments": {"kinds": ["separable"], "filters": 4}}
    presets.write_preset("tiny", network, card, folder=folder)
    path = folder / "tiny.npz"
    content = path.read_bytes()
    changed = mutated(content, data)
    path.write_bytes(changed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(presets.store, "FOLDER", folder)
        if changed == content:
            presets.load("tiny")
            return
        with pytest.raises(UserError, match="SHA-256 differs"):
            presets.load("tiny")
        # and where somebody has changed the card as well
        path = folder / "tiny.json"
        card = json.loads(path.read_text())
        card["sha256"] = presets.store.hashlib.sha256(changed).hexdigest()
        path.write_text(json.dumps(card))
        try:
            presets.load("tiny")
        except UserError as error:
            assert "\n" not in str(error)


def test_pickled_weights_are_refused(network, tmp_path):
    class Payload:
        def __reduce__(self):
            return open, (str(tmp_path / "trace"), "w")

    buffer = io.BytesIO()
    arrays = {w.path: np.array([Payload()], object) for w in network.weights}
    np.savez(buffer, allow_pickle=True, **arrays)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        presets.store.unpack_weights(network, buffer.getvalue())
    assert not (tmp_path / "trace").exists()


# --- images


def image_or_refusal(path):
    try:
        pixels = read_image(path)
    except UserError as error:
        assert "\n" not in str(error) and str(path) in str(error)
        return
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tif"])
@FUZZ
@given(st.data())
def test_changed_images(fuzzed, suffix, data):
    buffer = io.BytesIO()
    options = {"compression": "tiff_lzw"} if suffix == "tif" else {}
    Image.fromarray(noise((9, 13), 0)).save(
        buffer, Image.registered_extensions()[f".{suffix}"], **options
    )
    path = fuzzed / f"image.{suffix}"
    path.write_bytes(mutated(buffer.getvalue(), data))
    image_or_refusal(path)


def chunk(kind, content):
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


SIDE = st.one_of(st.integers(0, 40), st.integers(0, 2**32 - 1))


@FUZZ
@given(SIDE, SIDE, st.integers(0, 255), st.integers(0, 7), st.integers(0, 2), st.integers(0, 2))
@example(60000, 60000, 8, 2, 0, 0)
@example(2**31 - 1, 2**31 - 1, 16, 6, 0, 1)
def test_png_headers(fuzzed, width, height, depth, color, filters, interlace):
    path = fuzzed / "header.png"
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, filters, interlace)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(2000)))
        + chunk(b"IEND", b"")
    )
    image_or_refusal(path)


@FUZZ
@given(SIDE, SIDE, st.integers(0, 65535), st.integers(0, 8), st.integers(0, 300))
def test_bmp_headers(fuzzed, width, height, bits, compression, colors):
    path = fuzzed / "header.bmp"
    info = struct.pack("<IIIHHIIIIII", 40, width, height, 1, bits, compression, 0, 0, 0, colors, 0)
    path.write_bytes(struct.pack("<2sIHHI", b"BM", 54 + 2000, 0, 0, 54) + info + bytes(2000))
    image_or_refusal(path)


TAG = st.sampled_from([256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 284, 317, 338, 339, 34675])


@FUZZ
@given(st.dictionaries(TAG, st.tuples(st.integers(1, 13), st.integers(0, 9), SIDE), max_size=8))
def test_tiff_headers(fuzzed, tags):
    path = fuzzed / "header.tif"
    plain = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 400, 277: 1, 278: 8, 279: 64}
    tags = {**{tag: (4, 1, value) for tag, value in plain.items()}, **tags}
    entries = [struct.pack("<HHII", tag, *tags[tag]) for tag in sorted(tags)]
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    path.write_bytes(
        (struct.pack("<2sHI", b"II", 42, 8) + directory).ljust(400, b"\0") + bytes(500)
    )
    image_or_refusal(path)


def test_too_many_pixels_are_refused_unread(tmp_path):
    path = tmp_path / "large.png"
    header = struct.pack(">IIBBBBB", 12000, 12000, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b""))
    with pytest.raises(UserError, match="too many pixels to be safe"):
        read_image(path)
