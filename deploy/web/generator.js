// The exported generator, opened with ONNX Runtime: on WebGPU where the browser has it, else in WebAssembly.

// Open model.onnx. `draw` takes latents (Float32Array each) and digits, one of each a picture, and gives the
// pictures as Uint8ClampedArrays of height x width, 0 is black.
export async function openGenerator() {
  const model = get("model.onnx").then((response) => response.arrayBuffer());
  const about = await (await get("model.json")).json();
  const { ort, session, device } = await open(model);
  const size = Number(about.z_dim);
  const [channels, height, width] = JSON.parse(about.image_shape);
  if (channels !== 1) throw new Error("this page draws grey pictures only");

  async function draw(latents, digits) {
    const z = new Float32Array(latents.length * size);
    latents.forEach((latent, i) => z.set(latent, i * size));
    const { image } = await session.run({
      z: new ort.Tensor("float32", z, [latents.length, size]),
      label: new ort.Tensor("int64", BigInt64Array.from(digits, BigInt), [latents.length]),
    });
    const pixels = Uint8ClampedArray.from(image.data, (value) => (value + 1) * 127.5);
    return latents.map((_, i) => pixels.subarray(i * height * width, (i + 1) * height * width));
  }

  return { draw, device, size, height, width, bytes: (await model).byteLength, classes: JSON.parse(about.classes) };
}

async function get(name) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return response;
}

// Start a runtime with the model, which may still be on its way.
async function open(model) {
  if (await navigator.gpu?.requestAdapter()) {
    try {
      const ort = await import("./ort/ort.webgpu.min.mjs");
      return { ort, session: await create(ort, model, "webgpu"), device: "WebGPU" };
    } catch (error) {
      console.info(`WebGPU can't run it (${error.message}); going on in WebAssembly`);
    }
  }
  const ort = await import("./ort/ort.wasm.min.mjs");
  return { ort, session: await create(ort, model, "wasm"), device: "WebAssembly" };
}

async function create(ort, model, provider) {
  ort.env.wasm.wasmPaths = new URL("ort/", document.baseURI).href;
  ort.env.wasm.numThreads = 1; // more would need a server that sends COOP and COEP headers
  return ort.InferenceSession.create(new Uint8Array(await model), { executionProviders: [provider] });
}
