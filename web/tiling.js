// Where a picture is cut: keras_secn/upscaling/tiling.py, number by number, so that the page and
// the command make the same picture.

const POOLED_WHOLE = 512 * 512;
const PATCH = 64, SAMPLED = 256 * 256;

/** Tiles along one axis, all of one size, from `start` to `stop`; `first` to `last` is kept. */
export function cuts(length, tile, overlap) {
  if (length <= tile) return [{ start: 0, stop: length, first: 0, last: length }];
  const count = Math.ceil((length - 2 * overlap) / (tile - 2 * overlap));
  const size = Math.ceil((length + 2 * overlap * (count - 1)) / count);
  const starts = Array.from({ length: count }, (_, i) =>
    Math.min(i * (size - 2 * overlap), length - size),
  );
  const edges = [0, ...starts.slice(1).map((start) => start + overlap), length];
  return starts.map((start, i) => (
    { start, stop: start + size, first: edges[i], last: edges[i + 1] }
  ));
}

/** The patches that gates are taken from: `width` and `height` of all, the place of each. */
export function sample(width, height) {
  if (width * height <= POOLED_WHOLE) return { width, height, places: [{ left: 0, top: 0 }] };
  const wide = Math.min(PATCH, width), high = Math.min(PATCH, height);
  const count = Math.floor(SAMPLED / (wide * high));
  const fitting = halfToEven(Math.sqrt((count * width) / height));
  const columns = Math.min(Math.max(fitting, 1), count, Math.floor(width / wide));
  const rows = Math.min(Math.max(Math.floor(count / columns), 1), Math.floor(height / high));
  const places = [];
  for (const top of spread(height - high, rows)) {
    for (const left of spread(width - wide, columns)) places.push({ left, top });
  }
  return { width: wide, height: high, places };
}

function spread(last, count) {
  if (count === 1) return [Math.floor(last / 2)];
  return Array.from({ length: count }, (_, i) => halfToEven((last * i) / (count - 1)));
}

/** As Python rounds. */
function halfToEven(value) {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}
