"""Seconds that the page in `web/` takes for a photograph, beside the command's for the same.

    make web/runtime
    python benchmarks/browser.py

The page runs in headless Chromium; the clock runs from the drop of a file to the picture. `first`
includes fetching and preparing the network, `again` does not. The command's time is that of the
whole process, PNG to PNG. Every figure is the median over rounds in turns.
"""

import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import web_page
from absl import flags
from PIL import Image

from keras_secn.training.app import run_app
from keras_secn.utils.errors import UserError
from keras_secn.utils.markdown import markdown_table
from keras_secn.utils.sizes import parse_size

FLAGS = flags.FLAGS
flags.DEFINE_list("networks", ["pocket_secn_l", "pocket_secn_l_x4", "ct_secn_16"], "Presets.")
flags.DEFINE_string("size", "640x360", "WxH of the photograph.")
flags.DEFINE_integer("rounds", 3, "Rounds of each measurement.", lower_bound=1)
flags.DEFINE_boolean("float", False, "The command takes float files where the page takes int8.")

PHOTO = web_page.WEB.parent / "keras_secn" / "samples" / "validation" / "colosseum.jpg"
# from an event to the picture on the screen
TIMED = """
const done = arguments[arguments.length - 1], line = document.getElementById("status");
const started = performance.now();
new MutationObserver((_, observer) => {
  if (!/ in .* s$|error/.test(line.value)) return;
  observer.disconnect();
  requestAnimationFrame(() => done([line.value, performance.now() - started]));
}).observe(line, { childList: true, characterData: true, subtree: true });
"""


def main(argv):
    size = parse_size(FLAGS.size, "WxH")
    if web_page.missing():
        raise UserError(web_page.missing())
    photo = Image.open(PHOTO).convert("RGB").resize(size, Image.Resampling.BICUBIC)
    seconds = {name: [] for name in FLAGS.networks}
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        web_page.fill(folder)
        photo.save(folder / "photo.png")
        with web_page.served(folder) as address, web_page.chromium(folder) as browser:
            web_page.open_page(browser, address)
            threads = browser.execute_script("return navigator.hardwareConcurrency")
            for _ in range(FLAGS.rounds):
                for name, found in seconds.items():
                    web_page.open_page(browser, address)
                    web_page.choose_network(browser, name)
                    page = [_page(browser, photo) for _ in range(2)]
                    found.append([*page, _command(folder, name)])
    rows = []
    for name, found in seconds.items():
        first, again, command = np.median(found, axis=0)
        ratio = f"{first / command:.1f}"
        rows.append([name, f"{first:.2f}", f"{again:.2f}", f"{command:.2f}", ratio])
    print(f"{FLAGS.size}, {threads} processors\n")
    head = ["network", "page, first (s)", "again (s)", "command (s)", "first to command"]
    print(markdown_table(head, rows), end="")


def _page(browser, photo):
    code = TIMED + "(function () {" + web_page.DROP + '})("drop", arguments[0], "photo.png");'
    line, milliseconds = browser.execute_async_script(code, web_page.encoded(photo))
    if "error" in line:
        raise UserError(line)
    return milliseconds / 1000


def _command(folder, name):
    from keras_secn.presets.lite_files import preset_file

    command = [sys.executable, "-m", "keras_secn.cli", "upscale", "--overwrite", "--preset", name]
    if preset_file(name, "int8").is_file() and not FLAGS.float:
        command += ["--precision", "int8"]
    started = time.perf_counter()
    command += [folder / "photo.png", "-o", folder / "out.png"]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    run_app(main)
