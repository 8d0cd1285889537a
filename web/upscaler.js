// A network on LiteRT: gates of the whole picture first, then tiles that overlap by the receptive
// field, as keras_secn/upscaling does it in Python.

import {
  Tensor, getGlobalLiteRt, getWebGpuDevice, loadAndCompile, loadLiteRt, supportsFeature,
} from "./runtime/litert.js";
import { withShapes } from "./shapes.js";
import { cuts, sample } from "./tiling.js";

const TILE = 512; // pixels of the original a side, for a network that enlarges twice
const SMALLEST_PART = 16; // of a tile beside its overlaps
const LEAST = 8; // pixels a side that any file takes; a smaller picture has its edge repeated

/**
 * Starts LiteRT, on several threads where the page may have them.
 * @return how many `threads`, and whether there is a graphics card.
 */
export async function start() {
  const folder = new URL("./runtime/wasm/", import.meta.url).href;
  // LiteRT looks beside the worker otherwise
  self.Module = {
    locateFile: (name) => folder + name,
    mainScriptUrlOrBlob: `${folder}litert_wasm_threaded_internal.js`,
  };
  const threads = (await supportsFeature("threads")) && (await supportsFeature("relaxedSimd"));
  await loadLiteRt(folder, { threads });
  const card = getWebGpuDevice()?.adapterInfo;
  return {
    threads: getGlobalLiteRt().liteRtWasm.getThreadCount(),
    gpu: Boolean(card) && !card.isFallbackAdapter,
  };
}

/** Enlarges pictures by one network of `networks.json`. */
export class Upscaler {
  constructor(network, accelerator) {
    this.network = network;
    this.accelerator = accelerator;
    const { int8, float32 } = network.files;
    // graphics cards know no integers
    const integers = int8 && (accelerator === "wasm" || !float32);
    this.address = `./networks/${integers ? int8 : float32}`;
    this.Values = integers ? Uint8Array : Float32Array;
  }

  /**
   * @param image ImageData, opaque.
   * @param tick is called with the share that is done, after each tile.
   * @return ImageData.
   */
  async upscale(image, tick) {
    const { scale, radius, gated } = this.network;
    const width = Math.max(image.width, LEAST), height = Math.max(image.height, LEAST);
    const side = Math.max((TILE * 2) / scale, 2 * radius + SMALLEST_PART);
    const whole = width * height <= side * side;
    const columns = cuts(width, whole ? width : side, radius);
    const rows = cuts(height, whole ? height : side, radius);
    const gates = gated && !whole ? await this.gates(image, sample(width, height)) : null;
    const wide = columns[0].stop, high = rows[0].stop;
    const result = new ImageData(scale * image.width, scale * image.height);
    let done = 0;
    for (const y of rows) {
      for (const x of columns) {
        const inputs = { lr: this.pixels(image, [{ left: x.start, top: y.start }], wide, high) };
        if (gates) inputs.gates = gates;
        const outputs = { sr: [1, scale * high, scale * wide, 3] };
        const sr = await this.run(whole ? "whole" : "tile", inputs, outputs);
        paste(sr.values, scale * wide, result, scale, x, y);
        tick(++done / (rows.length * columns.length));
      }
    }
    return result;
  }

  gates(image, { places, width, height }) {
    return this.run("statistics", { patches: this.pixels(image, places, width, height) }, {});
  }

  /** Runs a signature; its inputs and what it gives are `values` and `shape`. */
  async run(signature, inputs, outputs) {
    const shapes = { ...outputs };
    for (const [name, { shape }] of Object.entries(inputs)) shapes[name] = shape;
    const network = await this.open(signature, shapes);
    const tensors = {}, used = []; // their memory is LiteRT's: nobody else frees it
    try {
      for (const [name, { values, shape }] of Object.entries(inputs)) {
        used.push((tensors[name] = new Tensor(values, shape)));
      }
      const [output] = Object.values(await network.run(signature, tensors));
      used.push(output);
      return { values: await output.data(), shape: [...output.type.layout.dimensions] };
    } finally {
      for (const tensor of used) tensor.delete();
    }
  }

  /** The network for one signature and shapes; the one before makes room. */
  async open(signature, shapes) {
    const wanted = JSON.stringify([signature, shapes]);
    if (this.wanted !== wanted) {
      this.file ??= await read(this.address);
      this.close();
      this.opened = await loadAndCompile(withShapes(this.file, signature, shapes), {
        accelerator: this.accelerator,
        gpuOptions: { precision: "fp32" },
      });
      this.wanted = wanted;
    }
    return this.opened;
  }

  /** Frees the network's memory; the next picture opens it again. */
  close() {
    this.opened?.delete();
    this.opened = this.wanted = null;
  }

  /** Parts of a picture as RGB; beyond the picture its edge is repeated. */
  pixels(image, places, width, height) {
    const values = new this.Values(places.length * height * width * 3);
    let at = 0;
    for (const { left, top } of places) {
      for (let y = 0; y < height; y++) {
        const row = Math.min(top + y, image.height - 1) * image.width;
        for (let x = 0; x < width; x++) {
          const from = 4 * (row + Math.min(left + x, image.width - 1));
          for (let c = 0; c < 3; c++) values[at++] = image.data[from + c];
        }
      }
    }
    return { values, shape: [places.length, height, width, 3] };
  }
}

async function read(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} is missing: run make web`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** What is kept of a tile whose rows are `wide` pixels of the result. */
function paste(values, wide, result, scale, x, y) {
  const last = Math.min(scale * x.last, result.width);
  for (let row = scale * y.first; row < Math.min(scale * y.last, result.height); row++) {
    let from = 3 * ((row - scale * y.start) * wide + scale * (x.first - x.start));
    let to = 4 * (row * result.width + scale * x.first);
    for (let column = scale * x.first; column < last; column++) {
      // half up, as everywhere; the array clips
      for (let c = 0; c < 3; c++) result.data[to++] = Math.floor(values[from++] + 0.5);
      result.data[to++] = 255;
    }
  }
}
