"""Pages of text, charts and cartoons as a set of ground truth pictures, drawn by code.

Letters are matplotlib's DejaVu in other words and sizes than those that integer files are
calibrated on. Everything is drawn here, so that the pictures belong to nobody.
"""

import contextlib
import pathlib
import tempfile

import numpy as np
from PIL import Image, ImageDraw

from keras_secn.lite.pages import page

PAGES = "pages"  # stands for a folder of them
SIZE = (480, 600)  # of a picture, height and width
LARGER = 4  # cartoons are drawn so many times larger and reduced: smooth edges


@contextlib.contextmanager
def page_folder():
    """A folder that is named `PAGES`, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as parent:
        folder = pathlib.Path(parent) / PAGES
        folder.mkdir()
        for number in range(6):
            _save(page(SIZE, number, seed=2, zoom=0.8), folder / f"text_{number}.png")
        for number in range(3):
            _save(cartoon(number), folder / f"cartoon_{number}.png")
            _save(chart(number), folder / f"chart_{number}.png")
        yield folder


def _save(pixels, path):
    Image.fromarray(pixels).save(path)


def cartoon(seed):
    """Outlined shapes of one color each before a sky that fades; uint8 H x W x 3."""
    random = np.random.default_rng(seed)
    height, width = (LARGER * length for length in SIZE)
    top, bottom = random.integers(80, 256, (2, 3))
    fade = np.linspace(0, 1, height)[:, None, None]
    sky = np.broadcast_to(top * (1 - fade) + bottom * fade, (height, width, 3))
    image = Image.fromarray(sky.round().astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(24):
        x, y = int(random.integers(width)), int(random.integers(height // 3, height))
        side = int(random.integers(20, 110)) * LARGER
        color = tuple(int(value) for value in random.integers(0, 256, 3))
        outline = {"fill": color, "outline": "black", "width": int(random.integers(1, 4)) * LARGER}
        if random.random() < 0.5:
            draw.ellipse([x - side, y - side // 2, x + side, y + side // 2], **outline)
        else:
            turn = random.random() * 2 * np.pi
            corners = turn + np.sort(random.random(5)) * 2 * np.pi
            points = zip(x + side * np.cos(corners), y + side * np.sin(corners), strict=True)
            draw.polygon([(float(a), float(b)) for a, b in points], **outline)
    return np.asarray(image.reduce(LARGER))


def chart(seed):
    """Curves, bars or a map of colors with axes and labels; uint8 H x W x 3."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # pyplot would change a notebook's own pictures

    random = np.random.default_rng(seed)
    height, width = SIZE
    figure = Figure((width / 100, height / 100), dpi=100, layout="constrained")
    axes = figure.subplots()
    x = np.linspace(0, 10, 200)
    if seed % 3 == 0:
        for number in range(4):
            axes.plot(x, np.cumsum(random.normal(size=x.size)), label=f"series {number}")
        axes.legend(title="curves")
    elif seed % 3 == 1:
        axes.bar([f"item {number}" for number in range(7)], random.random(7), color="tab:orange")
        axes.tick_params(axis="x", rotation=30)
    else:
        y = np.sin(x)[:, None] + np.cos(0.7 * x + random.random())[None]
        lines = axes.contour(x, x, y, levels=12)
        axes.clabel(lines, fontsize=7)
    axes.set(title="What was measured", xlabel="time (s)", ylabel="value (mV)")
    axes.grid(alpha=0.4)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
