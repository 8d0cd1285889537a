"""580 freely licensed photographs for training, out of Ubuntu's and Debian's wallpaper packages.

They stand in for DIV2K where that cannot be had. `free_photographs.json` pins every package by its
SHA-256 and names the photographs taken from it: those of at least 1.2 megapixels with detail (2x
bicubic down and up changes luminance by 1.8 to 14 levels on average), each one once. They were
chosen by these figures, so that some renderings are among them.
"""

import hashlib
import http.client
import importlib.resources
import json
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import urllib.error
import urllib.request

from PIL import Image
from tqdm import tqdm

from .errors import UserError
from .files import atomic_path

QUALITY = 94  # as the project's `photos`, without chroma subsampling
BLOCK = 1 << 20  # bytes


def packages():
    """The pinned packages: dicts of package, url, sha256, bytes, licences and photographs.

    A photograph has its path within the package and the size (width, height) that it is shrunk
    to: to 0.62 of its pixels a side, for sharpness, but not below 900 on the long one, and to at
    most 2040 there, like DIV2K.
    """
    resource = importlib.resources.files(__package__) / "free_photographs.json"
    return json.loads(resource.read_text(encoding="utf-8"))


def fetch(output_dir, *, listed=None, progress=True):
    """Downloads the packages, one after the other, and writes their photographs as JPEG files.

    A package whose photographs are all there is not downloaded again, so that the same call goes
    on where it was interrupted. A package is checked against its SHA-256 and removed when its
    photographs are written: the folder takes 470 MB in the end, and 270 MB more on the way.

    Args:
        output_dir: folder for the photographs and SOURCES.md, which names licences.
        listed: what to fetch, as `packages()`, which is the default.
        progress: shows a bar of the bytes to fetch, with an ETA.

    Returns:
        The number of photographs in the folder.

    Raises:
        UserError: dpkg-deb is missing, the network or a package failed, or a SHA-256 differs.
    """
    output_dir = pathlib.Path(output_dir)
    listed = packages() if listed is None else listed
    if shutil.which("dpkg-deb") is None:
        raise UserError("dpkg-deb, which opens packages, is missing: apt or brew install dpkg")
    output_dir.mkdir(parents=True, exist_ok=True)
    total = sum(package["bytes"] for package in listed)
    with tqdm(total=total, unit="B", unit_scale=True, disable=not progress) as bar:
        for package in listed:
            bar.set_description(package["package"])
            targets = _targets(package, output_dir)
            if all(path.is_file() for path in targets):
                bar.total -= package["bytes"]  # neither fetched nor in the ETA
                bar.refresh()
                continue
            with tempfile.NamedTemporaryFile(dir=output_dir, prefix=".", suffix=".deb") as file:
                _download(package, file, bar)
                _extract(package, file.name, targets)
    _write_sources(output_dir, listed)
    return sum(len(package["photographs"]) for package in listed)


def _targets(package, output_dir):
    """The files of a package's photographs, in their order."""
    return [
        output_dir / f"{package['package']}-{number:02}.jpg"
        for number in range(len(package["photographs"]))
    ]


def _download(package, file, bar):
    # keras.utils.get_file has a bar for each file, and no ETA for all of them
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(package["url"], timeout=60) as source:
            while block := source.read(BLOCK):
                digest.update(block)
                file.write(block)
                bar.update(len(block))
        file.flush()
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        TimeoutError,
        ConnectionError,
    ) as error:
        reason = getattr(error, "reason", error)
        raise UserError(f"cannot fetch {package['url']}: {reason}") from error
    if digest.hexdigest() != package["sha256"]:
        raise UserError(
            f"{package['url']} is not what it was, or was cut short: its SHA-256 differs"
        )


def _extract(package, path, targets):
    """Writes the photographs of a package, shrunk by Pillow's Lanczos."""
    wanted = {
        photograph["path"]: (tuple(photograph["size"]), target)
        for photograph, target in zip(package["photographs"], targets, strict=True)
    }
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                for member in archive:
                    found = wanted.pop(member.name.removeprefix("./"), None)
                    if found:
                        _shrink(archive.extractfile(member), *found)
        except tarfile.TarError as error:
            raise UserError(f"dpkg-deb cannot open {package['package']}: {error}") from error
        finally:
            process.stdout.close()
    if wanted:
        raise UserError(f"{package['package']} does not hold {min(wanted)}")


def _shrink(file, size, target):
    with Image.open(file) as photograph, atomic_path(target) as path:
        photograph.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(
            path, quality=QUALITY, subsampling=0
        )


def _write_sources(output_dir, listed):
    lines = ["| file | package | path | licences of the package |", "| --- | --- | --- | --- |"]
    for package in listed:
        for photograph, path in zip(
            package["photographs"], _targets(package, output_dir), strict=True
        ):
            licences = ", ".join(package["licences"])
            lines.append(f"| {path.name} | {package['url']} | {photograph['path']} | {licences} |")
    with atomic_path(output_dir / "SOURCES.md") as path:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
