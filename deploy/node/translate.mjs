// transformers.js from Node.js: `ONNXRUNTIME_NODE_INSTALL_CUDA=skip npm install @huggingface/transformers`.
//   node translate.mjs --image MODEL IN.png OUT.png          a picture through an image-to-image file
//   node translate.mjs --image MODEL IN.png OUT.f32 SECONDS  conformance: see ../harness.py
// MODEL lies as export wrote it: FOLDER/onnx/model.onnx or FOLDER/fixed.onnx, with FOLDER/config.json.
import { writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { AutoModelForImageToImage, AutoProcessor, RawImage, env } from "@huggingface/transformers";

env.allowRemoteModels = false;

// The network and what turns a picture into its input, which the two JSON files describe.
async function open(model) {
  const inside = basename(dirname(model)) === "onnx";
  const folder = inside ? dirname(dirname(model)) : dirname(model);
  env.localModelPath = dirname(folder);
  const options = { dtype: "fp32", device: "cpu", model_file_name: basename(model, ".onnx") };
  options.subfolder = inside ? "onnx" : "";
  const network = await AutoModelForImageToImage.from_pretrained(basename(folder), options);
  return { network, processor: await AutoProcessor.from_pretrained(basename(folder)) };
}

const [, model, from, to, seconds] = process.argv.slice(2);
const started = performance.now();
const { network, processor } = await open(resolve(model));
const load = (performance.now() - started) / 1000;
const inputs = await processor((await RawImage.read(from)).rgb());
const run = async () => (await network(inputs)).reconstruction; // float32 [1, 3, H, W] in [0, 1]
const made = await run();
if (to.endsWith(".f32")) {
  writeFileSync(to, Buffer.from(made.data.buffer, made.data.byteOffset, made.data.byteLength));
  let calls = 0;
  const begun = performance.now();
  while (!calls || performance.now() - begun < 1000 * Number(seconds)) calls += (await run()) ? 1 : 0;
  const rates = { 1: (1000 * calls) / (performance.now() - begun) };
  console.log(JSON.stringify({ runtime: `transformers.js ${env.version}`, load, rates }));
} else {
  await RawImage.fromTensor(made.squeeze().mul(255).round().to("uint8")).save(to);
}
