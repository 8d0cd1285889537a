"""Crops of several networks' pictures side by side."""

import numpy as np

from keras_secn.utils.atomic_file import atomic_path


def crops_picture(columns, path, crop=64, zoom=3, rows=4, like=None, places=None):
    """Writes a PNG of crops side by side: one row per photograph, one column per network.

    A column is its title and its images, uint8 HxWx3, of one size per row. A crop's side is in HR
    pixels. `places` are (top, left) of each row's crop: where edges are strongest if not given. For
    `like` see `atomic_path`.
    """
    from PIL import Image, ImageDraw, ImageFont

    side, label, gap = crop * zoom, 18, 4
    originals = columns[-1][1][:rows]
    places = places or [_busiest(image, crop) for image in originals]
    width, height = len(columns) * (side + gap), len(originals) * (side + gap) + label
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=12)
    for column, (title, images) in enumerate(columns):
        draw.text((column * (side + gap) + 2, 2), title, fill="black", font=font)
        for row, (top, left) in enumerate(places):
            piece = Image.fromarray(images[row][top : top + crop, left : left + crop])
            piece = piece.resize((piece.width * zoom, piece.height * zoom), Image.NEAREST)
            sheet.paste(piece, (column * (side + gap), label + row * (side + gap)))
    with atomic_path(path, like) as temporary:
        sheet.save(temporary)


def _busiest(image, crop):
    """Top left corner of the crop with the strongest edges."""
    gray = image.astype(np.float32).mean(axis=2)
    edges = np.abs(np.diff(gray, axis=0))[:, :-1] + np.abs(np.diff(gray, axis=1))[:-1]
    sums = np.pad(edges.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    step_y, step_x = min(crop, edges.shape[0]), min(crop, edges.shape[1])
    box = sums[step_y:, step_x:] - sums[:-step_y, step_x:] - sums[step_y:, :-step_x]
    box = box + sums[:-step_y, :-step_x]
    return np.unravel_index(box.argmax(), box.shape)
