// What is seen of the page: ways in, progress, the two pictures, and the way out.

import { Comparison } from "./comparison.js";

const LARGEST = 64e6; // pixels of the result: browsers draw no larger canvas reliably
const get = (id) => document.getElementById(id);
const comparison = new Comparison();
let networks = [];
let worker = null;
let leave = null; // ends the wait for what the worker is making
let given = 0; // files so far
let picture = null; // the last of them: name, bitmap, and its pixels once they are needed

const loading = Promise.all([offers(), startWorker()]);
say("loading ...");
loading.then(([offered, { gpu }]) => {
  offer(offered);
  get("card").hidden = !gpu;
  say("ready");
}, fail);

get("file").addEventListener("change", () => {
  take(get("file").files[0]);
  get("file").value = ""; // the same file may be chosen again
});
get("sample").addEventListener("click", async () => {
  const answer = await fetch("./networks/colosseum.jpg");
  take(new File([await answer.blob()], "colosseum.jpg"));
});
for (const id of ["network", "gpu"]) {
  get(id).addEventListener("change", () => picture && enlarge().catch(fail));
}
get("stop").addEventListener("click", () => {
  stop();
  say("stopped");
});
get("save").addEventListener("click", () => save().catch(fail));
for (const [event, isOver] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(event, (dragged) => {
    dragged.preventDefault();
    document.body.classList.toggle("over", isOver);
    if (event === "drop") takeFirst(dragged.dataTransfer, "what was dropped is no file");
  });
}
document.addEventListener("paste", (event) => {
  takeFirst(event.clipboardData, "the clipboard holds no picture");
});

function offer(offered) {
  networks = offered;
  for (const { name, label, scale } of networks) {
    get("network").append(new Option(`${scale}x, ${label}`, name));
  }
}

function takeFirst(transfer, otherwise) {
  if (transfer.files.length) take(transfer.files[0]);
  else fail(new Error(otherwise));
}

async function take(file) {
  if (!file) return;
  const mine = ++given;
  try {
    await loading;
    const bitmap = await createImageBitmap(file).catch(() => {
      throw new Error(`${file.name} is not an image that this browser reads`);
    });
    if (mine !== given) return bitmap.close(); // another was given meanwhile
    picture?.bitmap.close();
    picture = { name: file.name, bitmap };
    await enlarge();
  } catch (error) {
    if (mine === given) fail(error);
  }
}

async function enlarge() {
  stop();
  const { name, bitmap } = picture, { width, height } = bitmap;
  const network = networks.find((known) => known.name === get("network").value);
  const { scale } = network, size = `${width}x${height}`;
  if (width * height * scale ** 2 > LARGEST) {
    return fail(new Error(`${size} is too large to enlarge ${scale} times here`));
  }
  picture.image ??= pixels(bitmap);
  working(true);
  say(`enlarging ${size} ...`);
  const started = performance.now(), seconds = () => (performance.now() - started) / 1000;
  const accelerator = get("gpu").checked ? "webgpu" : "wasm";
  const result = await order({ image: picture.image, network, accelerator }, (share) => {
    get("progress").value = share;
    say(`enlarging ${size}, about ${Math.ceil(seconds() * (1 / share - 1))} s to go`);
  });
  if (!result) return;
  working(false);
  say(`${size} to ${result.width}x${result.height} in ${seconds().toFixed(1)} s`);
  get("view").hidden = false;
  document.body.classList.add("filled");
  get("save").dataset.name = `${name.replace(/\.[^.]*$/, "")}_x${scale}.png`;
  comparison.show(bitmap, result, network.name);
}

/** What the worker makes of an order; nothing if it is stopped. */
function order(message, tick) {
  let mine;
  return new Promise((resolve, reject) => {
    leave = mine = resolve;
    worker.onmessage = ({ data }) => {
      if (data.share) tick(data.share);
      else if (data.result) resolve(data.result);
      else if (data.error) reject(new Error(data.error));
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(message);
  }).finally(() => {
    if (leave === mine) leave = null; // else it is the next order's
  });
}

/** A worker, and what it says once it can work. */
function startWorker() {
  worker = new Worker("worker.js");
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.ready ? resolve(data.ready) : reject(new Error(data.error)));
    worker.onerror = (event) => reject(new Error(event.message));
  });
}

function stop() {
  if (!leave) return;
  worker.terminate();
  startWorker();
  leave(null);
  working(false);
}

async function offers() {
  const answer = await fetch("./networks/networks.json");
  if (!answer.ok) throw new Error("the networks are missing: run make web");
  return answer.json();
}

/** What is transparent is laid on white. */
function pixels(bitmap) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

async function save() {
  const link = document.createElement("a");
  link.download = get("save").dataset.name;
  link.href = URL.createObjectURL(await comparison.png());
  link.click();
  // the browser reads it after this turn
  setTimeout(() => URL.revokeObjectURL(link.href), 60e3);
}

function working(now) {
  get("progress").hidden = get("stop").hidden = !now;
  get("progress").removeAttribute("value"); // no share is known yet
}

function say(text) {
  get("status").value = text;
}

function fail(error) {
  stop();
  working(false);
  say(`error: ${error.message}`);
}
