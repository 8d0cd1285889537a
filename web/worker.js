// Beside the page, so that it stays awake. Not a module: LiteRT loads itself by importScripts.

const loading = import("./upscaler.js").then(async ({ Upscaler, start }) => {
  postMessage({ ready: await start() });
  return Upscaler;
});
loading.catch((error) => postMessage({ error: error.message }));
let upscaler = null;

onmessage = async ({ data: { image, network, accelerator } }) => {
  try {
    const Upscaler = await loading;
    if (upscaler?.network.name !== network.name || upscaler.accelerator !== accelerator) {
      upscaler?.close();
      upscaler = null; // if the next cannot be made
      upscaler = new Upscaler(network, accelerator);
    }
    const result = await upscaler.upscale(image, (share) => postMessage({ share }));
    postMessage({ result }, [result.data.buffer]);
  } catch (error) {
    const where = accelerator === "webgpu" ? "the graphics card cannot do it: " : "";
    postMessage({ error: where + error.message });
    const broken = upscaler;
    upscaler = null;
    broken?.close();
  }
};
