"""The page in `web/`, in a real browser: the command's own picture, and nothing from elsewhere."""

import base64
import io
import json
import time
import urllib.request

import commands
import numpy as np
import pytest
import web_page
from PIL import Image
from web_page import PATIENCE, choose_network, give, missing, status

from keras_secn.upscaling import Upscaler

selenium = pytest.importorskip("selenium.webdriver", reason="the page's tests need selenium")
ui = pytest.importorskip("selenium.webdriver.support.ui")
PHOTO = web_page.WEB.parent / "keras_secn" / "samples" / "validation" / "osprey.jpg"


@pytest.fixture(scope="module")
def site(request, tmp_path_factory):
    """The page as `make web` serves it: its folder and its address."""
    if missing():
        pytest.skip(missing())
    folder = tmp_path_factory.mktemp("site")
    web_page.fill(folder, request.getfixturevalue("tiny_file"))
    with web_page.served(folder) as address:
        yield folder, address


@pytest.fixture(scope="module")
def browser(site):
    with web_page.chromium(site[0]) as driver:
        yield driver


@pytest.fixture
def page(browser, site):
    web_page.open_page(browser, site[1])
    return browser


def photo(width, height):
    """A part of a photograph."""
    return Image.open(PHOTO).convert("RGB").crop((60, 20, 60 + width, 20 + height))


def choose(browser, path):
    browser.find_element("id", "file").send_keys(str(path))


def shown(browser):
    code = "return document.getElementById('after').toDataURL('image/png')"
    content = base64.b64decode(browser.execute_script(code).split(",")[1])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def assert_same(made, expected):
    """The same picture, but for values that lie between two levels."""
    difference = np.abs(made.astype(int) - expected)
    assert difference.max() <= 1 and np.mean(difference > 0) < 0.01


def test_each_choice_makes_the_commands_picture(page, site, tmp_path):
    """Small pictures are enlarged whole; the gates are inside."""
    image = photo(90, 60)
    image.save(tmp_path / "photo.png")
    choose(page, tmp_path / "photo.png")
    status(page, "90x60 to", "error")
    networks = json.loads((site[0] / "networks" / "networks.json").read_text())
    assert len(networks) > 5 and len({network["scale"] for network in networks}) > 1
    for network in networks:
        choose_network(page, network["name"])
        scale = network["scale"]
        assert f"{90 * scale}x{60 * scale}" in status(page, f"to {90 * scale}", "error")
        assert page.find_element("id", "right").text == network["name"]
        kind = "int8" if "int8" in network["files"] else "float32"
        file = site[0] / "networks" / network["files"][kind]
        expected = Upscaler(file)(np.asarray(image))
        assert_same(shown(page), expected)


def test_nothing_goes_elsewhere(page, site):
    """The browser itself refuses, in the page and in its worker."""
    elsewhere = "fetch('http://127.0.0.1:9/').then(() => done('sent'), () => done('refused'))"
    page.execute_script("""
    window.refused = [];
    document.addEventListener("securitypolicyviolation", (e) => refused.push(e.blockedURI));
    """)
    assert page.execute_async_script("const done = arguments[0];" + elsewhere) == "refused"
    assert page.execute_script("return refused") == ["http://127.0.0.1:9/"]
    rules = []
    for path in ("", "worker.js"):
        with urllib.request.urlopen(site[1] + path) as answer:
            rules.append(answer.headers["Content-Security-Policy"])
    assert rules[0] and rules[0] == rules[1]


def test_tiles_and_sampled_gates_are_the_commands(page, site, tiny_file, tmp_path):
    image = photo(530, 380).resize((530, 500))
    image.save(tmp_path / "large.png")
    choose(page, tmp_path / "large.png")
    status(page, "to 1060x1000", "error")
    assert_same(shown(page), Upscaler("pocket_secn_l", precision="int8")(np.asarray(image)))
    choose_network(page, "tiny")
    status(page, "enlarging")
    status(page, "to 1060x1000", "error")
    assert_same(shown(page), Upscaler(tiny_file)(np.asarray(image)))


def test_drop_and_paste(page):
    for event, size in (("drop", (40, 30)), ("paste", (30, 40))):
        image = photo(*size)
        give(page, event, image)
        status(page, f"{size[0]}x{size[1]} to", "error")
        assert_same(shown(page), Upscaler("pocket_secn_l", precision="int8")(np.asarray(image)))
    give(page, "drop", None)
    assert status(page, "error") == "error: what was dropped is no file"
    give(page, "paste", None)
    assert status(page, "error: the") == "error: the clipboard holds no picture"


def test_the_sample_is_shown_at_full_size_and_saved(page, site):
    page.find_element("id", "sample").click()
    status(page, "720x404 to 1440x808", "error")
    width = "return document.getElementById('after').getBoundingClientRect().width"
    assert page.execute_script(width + " * devicePixelRatio") == 1440
    # the line is where the enlarged picture begins, however it is moved
    divider = page.find_element("id", "divider")
    assert divider.is_displayed()
    selenium.ActionChains(page).drag_and_drop_by_offset(divider, -100, 0).perform()
    page.execute_script("document.getElementById('scroll').scrollLeft += 50")
    lines = """
    const done = arguments[0];
    requestAnimationFrame(() => requestAnimationFrame(() => {
    const after = document.getElementById("after"), left = after.getBoundingClientRect().left;
    const cut = parseFloat(getComputedStyle(after).clipPath.split(" ")[3]);
    const line = document.getElementById("divider").getBoundingClientRect();
    done([left + cut, line.left + line.width / 2]);
    }));
    """
    begin, line = page.execute_async_script(lines)
    assert abs(begin - line) < 1
    page.find_element("id", "fit").click()
    assert page.execute_script(width) <= page.get_window_size()["width"]

    page.find_element("id", "save").click()
    saved = site[0] / "colosseum_x2.png"
    end = time.monotonic() + PATIENCE
    while not saved.is_file() and time.monotonic() < end:
        time.sleep(0.1)
    with Image.open(saved) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), shown(page))


def test_stop_leaves_the_page_ready(page):
    choose_network(page, "ct_secn_16")
    give(page, "drop", photo(600, 380))
    status(page, "enlarging")
    page.find_element("id", "stop").click()
    assert status(page, "stopped", " to ") == "stopped"
    choose_network(page, "pocket_secn_l")
    assert "600x380 to 1200x760" in status(page, "to 1200", "error")


def test_the_pages_example_of_an_own_page_runs(browser, site):
    text = (web_page.WEB.parent / "docs" / "browser.md").read_text()
    [code] = commands.blocks(text, "js")
    (site[0] / "own.js").write_text(code)
    own = '<canvas id="after"></canvas><script type="module" src="own.js"></script>'
    (site[0] / "own.html").write_text(own)
    browser.get(site[1] + "own.html")
    width = "return document.getElementById('after').width"
    wait = ui.WebDriverWait(browser, PATIENCE)
    wait.until(lambda page: page.execute_script(width) == 1440)
    image = Image.open(PHOTO.with_name("colosseum.jpg")).convert("RGB")
    expected = Upscaler("pocket_secn_l", precision="int8")(np.asarray(image))
    assert_same(shown(browser), expected)


def test_a_new_choice_takes_the_place_of_the_one_at_work(page):
    image = photo(600, 380)
    choose_network(page, "ct_secn_16")
    give(page, "drop", image)
    status(page, "enlarging")
    choose_network(page, "ct_secn_16_jpeg")
    page.find_element("id", "stop").click()
    assert not page.find_element("id", "stop").is_displayed()  # nothing goes on
    for name in ("ct_secn_16", "ct_secn_16_jpeg", "pocket_secn_l"):
        choose_network(page, name)
    status(page, "to 1200x760", "error")
    assert page.find_element("id", "right").text == "pocket_secn_l"
    assert_same(shown(page), Upscaler("pocket_secn_l", precision="int8")(np.asarray(image)))


def test_pictures_make_room_for_the_next(page):
    page.execute_script("""
    const decode = window.createImageBitmap;
    window.decoded = [];
    window.createImageBitmap = (file) => {
      const bitmap = decode(file);
      bitmap.then((made) => decoded.push(made));
      return bitmap;
    };
    """)
    for width in (30, 40):
        give(page, "drop", photo(width, 30))
        status(page, f"{width}x30 to", "error")
    # a bitmap that was closed is 0 pixels wide
    assert page.execute_script("return decoded.map((bitmap) => bitmap.width)") == [0, 40]
    # of two at once the last is taken, whichever is decoded first
    give(page, "drop", photo(700, 400))
    give(page, "drop", photo(20, 10))
    wait = ui.WebDriverWait(page, PATIENCE)
    wait.until(lambda page: page.execute_script("return decoded.length") == 4)
    widths = page.execute_script("return decoded.map((bitmap) => bitmap.width)")
    assert sorted(widths) == [0, 0, 0, 20]
    status(page, "20x10 to", "error")


def test_what_is_no_image_is_one_line(page, tmp_path):
    (tmp_path / "notes.png").write_text("not a picture")
    choose(page, tmp_path / "notes.png")
    assert status(page, "error") == "error: notes.png is not an image that this browser reads"


@pytest.mark.slow
def test_the_graphics_card_makes_the_same_picture(site):
    """WebGPU, in software, which the page does not offer by itself."""
    flags = "--enable-unsafe-webgpu", "--enable-unsafe-swiftshader"
    with web_page.chromium(site[0], *flags) as browser:
        web_page.open_page(browser, site[1])
        assert not browser.find_element("id", "card").is_displayed()
        browser.execute_script("document.getElementById('gpu').checked = true")
        image = photo(40, 30)
        give(browser, "drop", image)
        assert "to 80x60" in status(browser, " in ", "error")
        assert_same(shown(browser), Upscaler("pocket_secn_l")(np.asarray(image)))
