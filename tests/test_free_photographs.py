"""Photographs out of wallpaper packages: built with dpkg-deb here, fetched by file: addresses."""

import hashlib
import shutil
import socketserver
import subprocess
import threading

import numpy as np
import pytest
from PIL import Image

from keras_secn import free_photographs
from keras_secn.errors import UserError

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is missing")


def build_package(folder, name, photographs):
    """A real package of random photographs {path: (width, height)}, and its entry in the list."""
    root = folder / name
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.c>\nDescription: x\n"
    )
    random = np.random.default_rng(0)
    for path, (width, height) in photographs.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 255, (height, width, 3), np.uint8)
        Image.fromarray(pixels).save(root / path)
    file = folder / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", root, file], check=True, capture_output=True)
    return {
        "package": name,
        "url": file.as_uri(),
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "licences": ["CC0"],
        "photographs": [
            {"path": path, "size": [width // 2, height // 2]}
            for path, (width, height) in photographs.items()
        ],
    }


@pytest.fixture
def listed(tmp_path):
    one = build_package(tmp_path, "one", {"usr/a.png": (64, 40), "usr/share/b.png": (32, 32)})
    return [one, build_package(tmp_path, "two", {"usr/c.png": (48, 48)})]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@needs_dpkg
def test_photographs_are_shrunk_as_pillow_shrinks_them(tmp_path, listed):
    assert free_photographs.fetch(tmp_path / "out", listed=listed, progress=False) == 3
    assert names(tmp_path / "out") == ["SOURCES.md", "one-00.jpg", "one-01.jpg", "two-00.jpg"]
    with Image.open(tmp_path / "one/usr/a.png") as photograph:
        photograph.resize((32, 20), Image.Resampling.LANCZOS).save(
            tmp_path / "expected.jpg", quality=94, subsampling=0
        )
    assert (tmp_path / "out/one-00.jpg").read_bytes() == (tmp_path / "expected.jpg").read_bytes()
    sources = (tmp_path / "out/SOURCES.md").read_text()
    assert all(text in sources for text in ("two-00.jpg", "usr/share/b.png", "CC0"))


@needs_dpkg
def test_what_is_there_is_not_fetched_again(tmp_path, listed):
    free_photographs.fetch(tmp_path / "out", listed=listed[:1], progress=False)
    (tmp_path / "one.deb").unlink()
    assert free_photographs.fetch(tmp_path / "out", listed=listed, progress=False) == 3


@needs_dpkg
def test_a_package_that_changed_is_refused_and_leaves_nothing(tmp_path, listed):
    with open(tmp_path / "two.deb", "ab") as file:
        file.write(b"more")
    with pytest.raises(UserError, match=r"two\.deb is not what it was"):
        free_photographs.fetch(tmp_path / "out", listed=listed, progress=False)
    assert names(tmp_path / "out") == ["one-00.jpg", "one-01.jpg"]


@needs_dpkg
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda package: package["photographs"][0].update(path="usr/gone.png"), "does not hold"),
        (lambda package: package.update(url="file:///nowhere/one.deb"), "cannot fetch"),
    ],
)
def test_what_cannot_be_had_is_one_line(tmp_path, listed, change, message):
    change(listed[0])
    with pytest.raises(UserError, match=message) as error:
        free_photographs.fetch(tmp_path / "out", listed=listed, progress=False)
    assert "\n" not in str(error.value)


@needs_dpkg
def test_a_file_that_is_no_package_is_one_line(tmp_path, listed):
    (tmp_path / "one.deb").write_bytes(b"no package")
    listed[0]["sha256"] = hashlib.sha256(b"no package").hexdigest()
    with pytest.raises(UserError, match="cannot open one"):
        free_photographs.fetch(tmp_path / "out", listed=listed, progress=False)


@needs_dpkg
def test_a_connection_that_breaks_off_is_one_line_and_goes_on_later(tmp_path, listed):
    whole = (tmp_path / "one.deb").read_bytes()

    class BreaksOff(socketserver.StreamRequestHandler):
        def handle(self):
            while self.rfile.readline().strip():
                pass  # the request's headers
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(whole))
            self.wfile.write(whole[: len(whole) // 2])

    address = listed[0]["url"]
    with socketserver.TCPServer(("127.0.0.1", 0), BreaksOff) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        listed[0]["url"] = f"http://127.0.0.1:{server.server_address[1]}/one.deb"
        with pytest.raises(UserError, match="cannot fetch http|cut short") as error:
            free_photographs.fetch(tmp_path / "out", listed=listed, progress=False)
        server.shutdown()
    assert "\n" not in str(error.value)
    assert names(tmp_path / "out") == []
    listed[0]["url"] = address
    assert free_photographs.fetch(tmp_path / "out", listed=listed, progress=False) == 3


def test_a_missing_tool_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="dpkg-deb"):
        free_photographs.fetch(tmp_path / "out", listed=[], progress=False)


def test_the_list_pins_every_package():
    listed = free_photographs.packages()
    photographs = [
        (package["package"], photograph["path"])
        for package in listed
        for photograph in package["photographs"]
    ]
    assert len(photographs) == len(set(photographs)) == 580
    for package in listed:
        assert len(bytes.fromhex(package["sha256"])) == 32
        assert package["url"].endswith(".deb") and package["bytes"] > 0
        assert package["licences"], package["package"]
        for photograph in package["photographs"]:
            assert min(photograph["size"]) >= 64 and max(photograph["size"]) <= 2040
