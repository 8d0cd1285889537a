"""The page in `web/`, in a real browser: the network's own picture, and nothing from elsewhere."""

import base64
import functools
import http.server
import io
import json
import pathlib
import shutil
import threading

import keras
import numpy as np
import pytest
from odd_files import picture
from PIL import Image

from keras_secn.upscaling.engines.keras import KerasEngine
from keras_secn.upscaling.tiling import _spread

webdriver = pytest.importorskip("selenium.webdriver", reason="the page's tests need selenium")
WEB = pathlib.Path(__file__).parents[2] / "web"
TILE = 48
WAIT = 240  # seconds that a busy machine may take for what takes one


@pytest.fixture(scope="module")
def browser():
    programs = shutil.which("chromium"), shutil.which("chromedriver")
    if not all(programs):
        pytest.skip("chromium and chromium-driver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    # what the page fetches
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(programs[1]))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def site(tiny_network, tmp_path_factory):
    """The page with a small network, served; its address."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("export to LiteRT needs the TensorFlow backend")
    if not (WEB / "runtime" / "litert.js").is_file():
        pytest.skip("LiteRT's web runtime is not there: cd web && npm ci && python collect.py")
    from keras_secn.upscaling.engines.export import export_tiles

    folder = tmp_path_factory.mktemp("site")
    for file in [*WEB.glob("*.html"), *WEB.glob("*.css"), *WEB.glob("*.js")]:
        shutil.copy(file, folder)
    (folder / "runtime").symlink_to(WEB / "runtime")
    facts = export_tiles(tiny_network, folder / "model.tflite", tile=TILE)
    (folder / "model.json").write_text(json.dumps(facts))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def page(browser, site):
    browser.get_log("performance")
    browser.get(site)
    wait_for(browser, "choose a photograph")
    return browser


def wait_for(browser, *texts):
    """The page's status once it holds one of the texts."""
    from selenium.webdriver.support.ui import WebDriverWait

    def said(driver):
        status = driver.execute_script("return document.getElementById('status').value")
        return status if any(text in status for text in texts) else False

    return WebDriverWait(browser, WAIT).until(said)


def shown(browser):
    code = "return document.getElementById('after').toDataURL('image/png')"
    content = base64.b64decode(browser.execute_script(code).split(",")[1])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def fetched(browser):
    """Addresses that were asked for since the log was read last."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]


def choose(browser, path):
    browser.find_element("id", "file").send_keys(str(path))


def test_the_page_makes_the_networks_picture(page, site, tiny_network, tmp_path):
    image = np.clip(
        picture(110, 75).astype(int) + np.random.default_rng(0).integers(-40, 40, (75, 110, 3)),
        0,
        255,
    ).astype(np.uint8)
    Image.fromarray(image).save(tmp_path / "photo.png")
    choose(page, tmp_path / "photo.png")
    assert "110x75 to 220x150" in wait_for(page, "220x150", "error")

    # the same gates, and no tiles
    engine = KerasEngine(tiny_network)
    patches = [
        image[top : top + 64, left : left + 64] for top in _spread(11, 4) for left in _spread(46, 4)
    ]
    gates = engine.pool(np.stack(patches).astype(np.float32))
    expected = np.clip(np.floor(engine.tile(image.astype(np.float32), gates) + 0.5), 0, 255)
    difference = np.abs(shown(page) - expected)
    assert difference.max() <= 1 and np.mean(difference > 0) < 0.01

    addresses = fetched(page)
    assert any(address.endswith("model.tflite") for address in addresses)
    assert all(address.startswith((site, "blob:", "data:")) for address in addresses)


def test_the_slider_and_the_link(page, tmp_path):
    Image.fromarray(picture(30, 20)).save(tmp_path / "small.png")
    choose(page, tmp_path / "small.png")
    wait_for(page, "60x40")
    code = "document.getElementById('slider').value = 20;"
    code += "document.getElementById('slider').dispatchEvent(new Event('input'));"
    code += "return getComputedStyle(document.getElementById('after')).clipPath"
    assert page.execute_script(code) == "inset(0px 0px 0px 20%)"
    link = page.find_element("id", "save")
    assert link.is_displayed() and link.get_attribute("download") == "small_x2.png"


def test_what_is_no_image_is_one_line(page, tmp_path):
    (tmp_path / "notes.png").write_text("not a picture")
    choose(page, tmp_path / "notes.png")
    assert wait_for(page, "error") == "error: notes.png is not an image that this browser reads"
