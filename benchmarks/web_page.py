"""The page of `web/`, served and opened in headless Chromium: for its tests and its benchmark."""

import base64
import contextlib
import io
import os
import pathlib
import shutil
import subprocess
import sys

from keras_secn.utils.errors import UserError

WEB = pathlib.Path(__file__).parents[1] / "web"
PATIENCE = 240  # seconds that a busy machine may take for what takes one
DROP = """
const [kind, content, name] = arguments, data = new DataTransfer();
if (content) {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  data.items.add(new File([bytes], name, { type: "image/png" }));
} else data.setData("text/plain", "words");
const options = { bubbles: true, cancelable: true };
document.body.dispatchEvent(kind === "drop" ?
  new DragEvent(kind, { dataTransfer: data, ...options }) :
  new ClipboardEvent(kind, { clipboardData: data, ...options }));
"""


def missing():
    """What the page cannot be opened without, in words; `None` if all is there."""
    if not all(map(shutil.which, ("chromium", "chromedriver"))):
        return "chromium and chromium-driver are not installed"
    if not (WEB / "runtime" / "wasm" / "litert_wasm_threaded_internal.wasm").is_file():
        return "LiteRT's web runtime is not there: make web/runtime"
    return None


def fill(folder, *files):
    """Puts all that `make web` serves, and other networks' files, into a folder."""
    for pattern in ("*.html", "*.css", "*.js"):
        for file in WEB.glob(pattern):
            shutil.copy(file, folder)
    (folder / "runtime").symlink_to(WEB / "runtime")
    command = [sys.executable, WEB / "networks.py", "--folder", folder, *files]
    subprocess.run(command, check=True, env={**os.environ, "KERAS_SECN_LAZY": "1"})


@contextlib.contextmanager
def served(folder):
    """The address of a folder's page, as `make web` serves it."""
    command = [sys.executable, WEB / "serve.py", "0", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().split()[1]
        server.terminate()


@contextlib.contextmanager
def chromium(downloads, *flags):
    """A browser with more flags; what it saves goes into the folder `downloads`."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", *flags):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        driver.set_script_timeout(PATIENCE)
        yield driver
    finally:
        driver.quit()


def status(browser, *texts):
    """What the page says once it holds one of the texts."""
    from selenium.webdriver.support.ui import WebDriverWait

    def said(driver):
        line = driver.execute_script("return document.getElementById('status').value")
        return line if any(text in line for text in texts) else False

    return WebDriverWait(browser, PATIENCE).until(said)


def open_page(browser, address):
    """Opens the page anew and waits until it can work."""
    browser.get(address)
    line = status(browser, "ready", "error")
    if line != "ready":
        raise UserError(line)


def choose_network(browser, name):
    """As a person would in the page's list."""
    browser.find_element("css selector", f"option[value={name}]").click()


def give(browser, event, image, name="photo.png"):
    """Drops or pastes (`event`) a Pillow image as a file; for `None`, something that is no file."""
    browser.execute_script(DROP, event, encoded(image), name)


def encoded(image):
    """A Pillow image as a PNG in base64; `None` gives an empty text."""
    stream = io.BytesIO()
    if image is not None:
        image.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()
