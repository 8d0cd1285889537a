// LiteRT in the browser runs a file at the sizes that stand in it. The presets' files say "any
// size", so each picture gets a copy in which its own size stands. What is read here of the format,
// a flatbuffer, is described by schema.fbs of LiteRT; the numbers are fields in its order.

const SUBGRAPHS = 2, SIGNATURES = 7; // of a model
const INPUTS = 0, OUTPUTS = 1, KEY = 2, SUBGRAPH = 4; // of a signature
const TENSORS = 0; // of a subgraph
const NAME = 0, TENSOR = 1; // of a signature's input or output
const SHAPE = 0, SHAPE_SIGNATURE = 7; // of a tensor

/**
 * A copy of a `.tflite` file whose signature `key` takes and gives tensors of fixed shapes.
 * @param file Uint8Array.
 * @param key the signature's name.
 * @param shapes of each input and output, by name; those that are not named stay as they are.
 */
export function withShapes(file, key, shapes) {
  const copy = file.slice(), view = new DataView(copy.buffer);
  const number = (at) => (at ? view.getUint32(at, true) : 0);
  const follow = (at) => at + number(at);
  const field = (table, index) => {
    const known = table - view.getInt32(table, true), at = 4 + 2 * index;
    const offset = at < view.getUint16(known, true) ? view.getUint16(known + at, true) : 0;
    return offset && table + offset;
  };
  /** Where the elements of a vector lie, which a table may lack. */
  const elements = (table, index) => {
    const at = field(table, index), vector = at && follow(at);
    return Array.from({ length: number(vector) }, (_, i) => vector + 4 + 4 * i);
  };
  const text = (at) => {
    const start = follow(at);
    return new TextDecoder().decode(copy.subarray(start + 4, start + 4 + number(start)));
  };

  const model = view.getUint32(0, true);
  const signature = elements(model, SIGNATURES)
    .map(follow)
    .find((table) => text(field(table, KEY)) === key);
  const subgraph = follow(elements(model, SUBGRAPHS)[number(field(signature, SUBGRAPH))]);
  const tensors = elements(subgraph, TENSORS).map(follow);
  for (const end of [...elements(signature, INPUTS), ...elements(signature, OUTPUTS)].map(follow)) {
    const shape = shapes[text(field(end, NAME))], tensor = tensors[number(field(end, TENSOR))];
    if (!shape) continue;
    for (const sizes of [SHAPE, SHAPE_SIGNATURE]) {
      elements(tensor, sizes).forEach((at, axis) => view.setInt32(at, shape[axis], true));
    }
  }
  return copy;
}
