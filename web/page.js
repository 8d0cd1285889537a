import { loadUpscaler } from "./upscaler.js";

const LARGEST = 4e6; // pixels of the original: more would take a browser minutes
const get = (id) => document.getElementById(id);
const loading = loadUpscaler("./model.tflite", "./model.json");
let stopped = false;
let latest = 0;

say("loading the network ...");
loading.then(() => say("choose a photograph"), fail);
get("file").addEventListener("change", () => enlarge(get("file").files[0]).catch(fail));
get("stop").addEventListener("click", () => (stopped = true));
get("slider").addEventListener("input", split);
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) enlarge(event.dataTransfer.files[0]).catch(fail);
});

async function enlarge(file) {
  if (!file) return;
  const upscaler = await loading;
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} is not an image that this browser reads`);
  });
  if (bitmap.width * bitmap.height > LARGEST) {
    throw new Error(`${bitmap.width}x${bitmap.height} is too large for this page (4 megapixels)`);
  }
  const turn = ++latest;
  stopped = false;
  const image = pixels(bitmap);
  show(true);
  const started = performance.now();
  const result = await upscaler.upscale(image, async (share) => {
    get("progress").value = share;
    const left = ((performance.now() - started) * (1 / share - 1)) / 1000;
    say(`${Math.ceil(left)} s to go`);
    // lets the page draw and listen
    await new Promise((resume) => setTimeout(resume));
    return stopped || turn !== latest;
  });
  if (turn !== latest) return;
  show(false);
  if (!result) return say("stopped");
  await present(bitmap, result, file.name);
  const seconds = (performance.now() - started) / 1000;
  say(`${image.width}x${image.height} to ${result.width}x${result.height} in ${seconds.toFixed(1)} s`);
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

async function present(bitmap, result, name) {
  const { before, after } = { before: get("before"), after: get("after") };
  for (const canvas of [before, after]) {
    canvas.width = result.width;
    canvas.height = result.height;
  }
  const context = before.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white";
  context.fillRect(0, 0, result.width, result.height);
  context.drawImage(bitmap, 0, 0, result.width, result.height);
  after.getContext("2d").putImageData(result, 0, 0);
  get("view").hidden = false;
  split();
  const blob = await new Promise((resolve) => after.toBlob(resolve));
  const save = get("save");
  URL.revokeObjectURL(save.href);
  save.href = URL.createObjectURL(blob);
  save.download = `${name.replace(/\.[^.]*$/, "")}_x2.png`;
  save.hidden = false;
}

function split() {
  get("view").style.setProperty("--split", `${get("slider").value}%`);
}

function show(working) {
  get("progress").hidden = get("stop").hidden = !working;
  get("progress").value = 0;
  if (working) get("save").hidden = get("view").hidden = true;
}

function say(text) {
  get("status").value = text;
}

function fail(error) {
  show(false);
  say(`error: ${error.message}`);
}
