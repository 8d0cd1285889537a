// A network of tiles of one size: gates of the whole picture first, then tiles that overlap by
// the receptive field, as keras_secn/upscaling does it in Python.

import { Tensor, loadAndCompile, loadLiteRt } from "./runtime/litert.js";

// of `statistics`: patches, their side
const PATCHES = 16, PATCH = 64;

/** Loads runtime, network and what is known of it (`keras-secn info --json`). */
export async function loadUpscaler(model, facts) {
  const [known] = await Promise.all([
    fetch(facts).then((answer) => {
      if (!answer.ok) throw new Error(`${facts} is missing: run make web`);
      return answer.json();
    }),
    loadLiteRt("./runtime/wasm/"),
  ]);
  const network = await loadAndCompile(model, { accelerator: "wasm" });
  return new Upscaler(network, known);
}

class Upscaler {
  constructor(network, facts) {
    this.network = network;
    this.scale = facts.scale;
    this.tile = facts.shape[0];
    this.gated = facts.tiles.gated;
    this.radius = facts.tiles.radius;
  }

  /**
   * Enlarges a picture.
   * @param image ImageData, opaque.
   * @param tick is called with the share that is done; may return a promise, and true to stop.
   * @return ImageData, or null if stopped.
   */
  async upscale(image, tick) {
    const { scale, tile } = this;
    const gates = this.gated ? await this.pool(image) : null;
    const result = new ImageData(scale * image.width, scale * image.height);
    const rows = cuts(image.height, tile, this.radius);
    const columns = cuts(image.width, tile, this.radius);
    let done = 0;
    for (const y of rows) {
      for (const x of columns) {
        const inputs = { lr: tensor([piece(image, x.start, y.start, tile)], tile) };
        if (gates) inputs.gates = new Tensor(gates, [1, gates.length]);
        paste(await this.run("tile", inputs), result, scale, tile, x, y);
        done += 1;
        if (await tick(done / (rows.length * columns.length))) return null;
      }
    }
    return result;
  }

  async pool(image) {
    const side = Math.sqrt(PATCHES), patches = [];
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const place = (length, index) =>
          Math.round((Math.max(0, length - PATCH) * index) / (side - 1));
        patches.push(piece(image, place(image.width, column), place(image.height, row), PATCH));
      }
    }
    return this.run("statistics", { patches: tensor(patches, PATCH) });
  }

  async run(signature, inputs) {
    const outputs = await this.network.run(signature, inputs);
    const [output] = Object.values(outputs);
    const values = new Float32Array(await output.data());
    for (const used of [...Object.values(inputs), output]) used.delete();
    return values;
  }
}

/** Tiles along one axis, see keras_secn/upscaling/tiles.py; a smaller picture is one tile. */
export function cuts(length, tile, overlap) {
  if (length <= tile) return [{ start: 0, first: 0, last: length }];
  const step = tile - 2 * overlap, starts = [];
  for (let start = 0; start < length - tile; start += step) starts.push(start);
  starts.push(length - tile);
  return starts.map((start, index) => ({
    start,
    first: index ? start + overlap : 0,
    last: index + 1 < starts.length ? starts[index + 1] + overlap : length,
  }));
}

/** A square of a picture as RGB floats of 0..255; beyond the picture its edge is repeated. */
function piece(image, left, top, side) {
  const values = new Float32Array(side * side * 3);
  for (let y = 0, at = 0; y < side; y++) {
    const row = Math.min(top + y, image.height - 1) * image.width;
    for (let x = 0; x < side; x++) {
      const from = 4 * (row + Math.min(left + x, image.width - 1));
      values[at++] = image.data[from];
      values[at++] = image.data[from + 1];
      values[at++] = image.data[from + 2];
    }
  }
  return values;
}

function tensor(pieces, side) {
  const values = new Float32Array(pieces.length * side * side * 3);
  pieces.forEach((values_, index) => values.set(values_, index * values_.length));
  return new Tensor(values, [pieces.length, side, side, 3]);
}

function paste(values, result, scale, tile, x, y) {
  for (let row = scale * y.first; row < scale * y.last; row++) {
    for (let column = scale * x.first; column < scale * x.last; column++) {
      const from = 3 * ((row - scale * y.start) * scale * tile + column - scale * x.start);
      const to = 4 * (row * result.width + column);
      for (let c = 0; c < 3; c++) {
        // half up, as everywhere; the array clips
        result.data[to + c] = Math.floor(values[from + c] + 0.5);
      }
      result.data[to + 3] = 255;
    }
  }
}
