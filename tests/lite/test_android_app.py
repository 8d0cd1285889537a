"""The Android project: what can be checked without Android's SDK, which no test here has.

Kotlin is compiled against the classes in `tests/android_stubs`, which stand for Android's and
LiteRT's; what needs neither runs on a JVM, against Python's numbers.
"""

import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import commands
import numpy as np
import pytest
from PIL import Image, ImageOps

from keras_secn.upscaling.tiling import cuts

TESTS = pathlib.Path(__file__).resolve().parents[1]
PROJECT = TESTS.parent / "tflite" / "android"
APP = PROJECT / "app" / "src" / "main"
XML = sorted(APP.rglob("*.xml"))
NAME = "{http://schemas.android.com/apk/res/android}name"
FRAMEWORK = pathlib.Path("/usr/share/android-framework-res/framework-res.apk")


def command(*arguments, **options):
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def resources():
    """The names of the app's resources, by type."""
    found = {}
    for path in (APP / "res").rglob("*.xml"):
        root = ElementTree.parse(path).getroot()
        if path.parent.name == "values":
            for entry in root:
                found.setdefault(entry.tag, set()).add(entry.get("name"))
        else:
            found.setdefault(path.parent.name, set()).add(path.stem)
        found.setdefault("id", set()).update(re.findall(r"@\+id/(\w+)", path.read_text()))
    return found


def kotlin_class(name):
    """Whether a class of the app's is where its package says."""
    path = APP / "kotlin" / (name.replace(".", "/") + ".kt")
    return path.exists() and re.search(rf"^class {path.stem}\b", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", XML, ids=lambda path: path.name)
def test_every_reference_in_xml_has_its_resource(path):
    ElementTree.parse(path)
    known = resources()
    for kind, name in re.findall(r'"@(\w+)/([\w.]+)"', path.read_text()):
        assert name in known.get(kind, ()), f"{path.name}: no @{kind}/{name}"


def test_classes_that_xml_names_exist():
    manifest = ElementTree.parse(APP / "AndroidManifest.xml").getroot()
    namespace = re.search(r'namespace = "(.*)"', (PROJECT / "app/build.gradle.kts").read_text())[1]
    names = [activity.get(NAME) for activity in manifest.iter("activity")]
    assert names
    for name in names:
        assert kotlin_class(namespace + name if name.startswith(".") else name), name
    layouts = [ElementTree.parse(path) for path in (APP / "res/layout").glob("*.xml")]
    views = {view.tag for layout in layouts for view in layout.iter() if "." in view.tag}
    assert views and all(map(kotlin_class, views)), views


def test_texts_have_the_arguments_that_the_app_gives():
    texts = ElementTree.parse(APP / "res/values/strings.xml").getroot()
    places = {text.get("name"): len(set(re.findall(r"%(\d)\$", text.text))) for text in texts}
    source = "\n".join(path.read_text() for path in APP.rglob("*.kt"))
    calls = re.findall(r"getString\(R\.string\.(\w+)((?:, [^,()]+(?:\(\))?)*)\)", source)
    assert len(calls) == source.count("getString(R.string.")
    for name, arguments in calls:
        assert arguments.count(", ") == places[name], name


def test_aapt_links_the_resources(tmp_path):
    """Android's own compiler of resources; Debian's knows Android 10."""
    if not shutil.which("aapt2") or not FRAMEWORK.exists():
        pytest.skip("needs aapt2 and a framework: apt-get install aapt android-framework-res")
    command("aapt2", "compile", "--dir", APP / "res", "-o", tmp_path / "res.zip")
    manifest = (APP / "AndroidManifest.xml").read_text()
    manifest = manifest.replace("${applicationId}", "org.keras.secn")
    manifest = manifest.replace("<manifest ", '<manifest package="org.keras.secn" ')
    manifest = re.sub(r"<uses-native-library.*?/>", "", manifest, flags=re.DOTALL)  # Android 12
    (tmp_path / "AndroidManifest.xml").write_text(manifest)
    command(
        *("aapt2", "link", "-o", tmp_path / "app.apk", "-I", FRAMEWORK),
        *("--manifest", tmp_path / "AndroidManifest.xml", tmp_path / "res.zip"),
    )


def test_version_catalogue_has_what_build_files_ask_for():
    tomllib = pytest.importorskip("tomllib", reason="needs Python 3.11")
    catalogue = tomllib.loads((PROJECT / "gradle/libs.versions.toml").read_text())
    entries = [*catalogue["libraries"].values(), *catalogue["plugins"].values()]
    used = {entry["version"]["ref"] for entry in entries}
    assert used == set(catalogue["versions"])
    assert all(re.fullmatch(r"\d+(\.\d+){1,2}", text) for text in catalogue["versions"].values())
    aliases = {name.replace("-", ".") for name in catalogue["libraries"]}
    aliases |= {"plugins." + name.replace("-", ".") for name in catalogue["plugins"]}
    build = "\n".join(path.read_text() for path in PROJECT.rglob("*.gradle.kts"))
    assert set(re.findall(r"\blibs\.([\w.]+)", build)) == aliases


def test_page_names_the_projects_versions():
    page = (PROJECT / "README.md").read_text()
    tomllib = pytest.importorskip("tomllib", reason="needs Python 3.11")
    catalogue = tomllib.loads((PROJECT / "gradle/libs.versions.toml").read_text())
    libraries = catalogue["libraries"].values()
    known = {
        f"{entry['module']}:{catalogue['versions'][entry['version']['ref']]}" for entry in libraries
    }
    named = re.findall(r"com\.google\.ai\.edge\.litert:[\w:.-]+\d", page)
    assert len(named) == 3 and set(named) <= known


def test_model_in_the_app_is_a_file_of_the_repository():
    properties = (PROJECT / "gradle.properties").read_text()
    model = re.search(r"^secn\.model=(.+)$", properties, re.MULTILINE)[1]
    assert (PROJECT / model).is_file()
    asked = re.findall(r'model\("(.+?)"\)', (PROJECT / "app/build.gradle.kts").read_text())
    assert asked and all(f"\n{name}=" in properties for name in asked)


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """The class path of the compiled app, tests included."""
    if not all(map(shutil.which, ("kotlinc", "javac", "java"))):
        pytest.skip("needs a JDK and kotlinc: apt-get install kotlin default-jdk-headless")
    folder = tmp_path_factory.mktemp("classes")
    # what Android's build makes of the resources: a name that is not there does not compile
    lines = [
        f"public static final class {kind} {{ public static int {', '.join(sorted(names))}; }}"
        for kind, names in resources().items()
        if kind in ("id", "layout", "string")
    ]
    (folder / "R.java").write_text(f"package org.keras.secn; public class R {{ {''.join(lines)} }}")
    stubs = TESTS / "android_stubs"
    command("javac", "-d", folder, folder / "R.java", *stubs.rglob("*.java"))
    jar = folder / "app.jar"
    examples = commands.blocks((PROJECT / "README.md").read_text(), "kotlin")
    [example] = [code for code in examples if "import " in code]
    (folder / "Example.kt").write_text(example)
    sources = [*stubs.rglob("*.kt"), *(PROJECT / "app/src").rglob("*.kt"), folder / "Example.kt"]
    command("kotlinc", "-cp", folder, "-include-runtime", "-d", jar, *sources)
    path = f"{folder}:{jar}"
    command("javac", "-cp", path, "-d", folder, *(TESTS / "android").glob("*.java"))
    return path


def test_tiles_equal_the_whole_picture(classes):
    assert command("java", "-cp", classes, "Tiles") == "tiles equal the whole\n"


@pytest.fixture(scope="module")
def ask(classes):
    """A function of questions (lines) that gives the app's answers, as lists of words."""

    def ask(questions):
        text = "".join(" ".join(map(str, question)) + "\n" for question in questions)
        answers = command("java", "-cp", classes, "Numbers", input=text).splitlines()
        assert len(answers) == len(questions)
        return answers

    return ask


def numbers(text, kind=int):
    return [kind(word) for word in text.split()]


def test_tiles_are_those_of_the_upscaler(ask):
    tiles = [(16, 3), (33, 16), (64, 0), (128, 16)]
    cases = [(length, *tile) for length in (*range(1, 300, 7), 128, 4032) for tile in tiles]
    for case, answer in zip(cases, ask([("cuts", *case) for case in cases]), strict=True):
        expected = cuts(*case, exactly=True)
        assert numbers(answer) == [int(place) for cut in expected for place in cut], case


def test_levels_are_those_of_the_python_runtime(ask):
    LiteModel = pytest.importorskip("keras_secn.lite.interpreter", exc_type=ImportError).LiteModel
    lite = LiteModel(PROJECT.parents[1] / "keras_secn/presets/weights/pocket_secn_s.tflite")
    levels = np.arange(256, dtype=np.uint8)
    grids = [(1.0, 0), (0.0, 0), (1.0 / 255, 0), (0.00392, 3), (0.97, 5), (1.3, 20)]
    cases = [(dtype, step, zero) for dtype in (np.uint8, np.int8) for step, zero in grids]
    cases = [(d, s, z - 128 if d is np.int8 and s else z) for d, s, z in cases]
    questions = [("bytes", str(d is np.int8).lower(), np.float32(s), z) for d, s, z in cases]
    for (dtype, step, zero), answer in zip(cases, ask(questions), strict=True):
        detail = {"dtype": dtype, "quantization": (np.float32(step), zero)}
        answer = numbers(answer)
        encoded, decoded = np.array(answer[:256], np.int8).view(dtype), answer[256:]
        assert np.array_equal(encoded, lite._encode(levels, detail)), (dtype, step, zero)
        assert decoded == lite._decode(levels.view(dtype), detail).tolist(), (dtype, step, zero)
    values = [-3.0, 0.25, 0.5, 1.49, 99.5, 254.4, 254.6, 300.0]
    expected = lite._decode(np.float32(values), {"dtype": np.float32}).tolist()
    assert numbers(ask([("floats", *values)])[0]) == expected


def test_photographs_are_turned_as_pillow_turns_them(ask):
    width, height = 3, 2
    picture = Image.fromarray(np.arange(width * height, dtype=np.uint8).reshape(height, width))
    answers = ask([("turn", orientation, width, height) for orientation in range(9)])
    for orientation, answer in enumerate(answers):
        picture.getexif()[0x0112] = orientation
        upright = np.asarray(ImageOps.exif_transpose(picture))
        assert numbers(answer) == [upright.shape[1], *upright.ravel()], orientation


def test_photographs_fit_and_keep_their_shape(ask):
    cases = [
        (4032, 3024, 6_000_000),
        (100, 50, 6_000_000),
        (2, 40_000_000, 6_000_000),
        (12_000, 9_000, 1_500_000),
        (6000, 1000, 6_000_000),
    ]
    for case, answer in zip(cases, ask([("size", *case) for case in cases]), strict=True):
        width, height, most = case
        sample, fitted_width, fitted_height = numbers(answer)
        assert 1 <= fitted_width * fitted_height <= most
        decoded = (width // sample) * (height // sample)
        assert sample == 1 or decoded >= most  # nothing is lost before the resize
        assert (width // (2 * sample)) * (height // (2 * sample)) < most  # and no memory either
        if width * height <= most:
            assert (sample, fitted_width, fitted_height) == (1, width, height)
        elif min(width, height) > 2:
            assert fitted_width * fitted_height > 0.99 * most
            assert abs(fitted_width / fitted_height / (width / height) - 1) < 0.01


def test_divider_stays_on_the_picture_and_the_picture_in_the_view(ask):
    views, pictures = [(1080, 1500), (500, 300)], [(4000, 3000), (200, 900), (1080, 1500)]
    moves = [(0, 0, 300), (-9000, 9000, -50), (150, -20, 5000)]
    cases = [
        (*view, *picture, actual, *move)
        for view in views
        for picture in pictures
        for actual in ("false", "true")
        for move in moves
    ]
    for case, answer in zip(cases, ask([("frame", *case) for case in cases]), strict=True):
        view, picture, actual, x = case[:2], case[2:4], case[4] == "true", case[7]
        *place, divider = numbers(answer, float)
        zoom = 1 if actual else min(view[axis] / picture[axis] for axis in (0, 1))
        for axis in (0, 1):
            first, last = place[axis], place[axis + 2]
            assert last - first == pytest.approx(picture[axis] * zoom, abs=0.01)
            if last - first <= view[axis] + 0.01:  # all of it is to be seen, in the middle
                assert first + last == pytest.approx(view[axis], abs=0.01)
            else:  # no gap at either edge
                assert first <= 0.01 and last >= view[axis] - 0.01
        shown = max(place[0], 0), min(place[2], view[0])
        assert divider == pytest.approx(min(max(x, shown[0]), shown[1]), abs=0.01)


def test_times_are_told_in_milliseconds(ask):
    [answer] = ask([("times", 2_500_000, 99_000_000, 30_000_000, 10_000_000, 20_000_000)])
    assert answer == (
        "device: none; tiles: 3; milliseconds per tile (median): 20.0;"
        " milliseconds of the first tile: 30.0; milliseconds to open the file: 2.5;"
        " milliseconds in all: 99.0"
    )
