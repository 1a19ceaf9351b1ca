// ONNX Runtime from Node.js: `ONNXRUNTIME_NODE_INSTALL_CUDA=skip npm install onnxruntime-node`.
//   node digit.mjs MODEL DIGIT OUT.pgm             draw one digit
//   node digit.mjs --vectors FOLDER MODEL SECONDS  conformance: see ../harness.py
import { readFileSync, writeFileSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { conform, readInputs } from "../vectors.mjs";

// Idle threads wait instead of spinning, which starves cores that are shared.
const OPTIONS = { extra: { session: { intra_op: { allow_spinning: "0" } } } };

async function draw(model, digit, out) {
  const session = await ort.InferenceSession.create(model, OPTIONS);
  const z = new ort.Tensor("float32", Float32Array.from({ length: 100 }, normal), [1, 100]);
  const label = new ort.Tensor("int64", [BigInt(digit)], [1]);
  const { image } = await session.run({ z, label }); // float32 [1, 1, H, W] in [-1, 1]
  const pixels = Uint8ClampedArray.from(image.data, (value) => (value + 1) * 127.5);
  const [, , height, width] = image.dims;
  writeFileSync(out, Buffer.concat([Buffer.from(`P5 ${width} ${height} 255\n`), Buffer.from(pixels)]));
}

// One draw from N(0, 1), by Box and Muller.
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

async function vectors(folder, model, seconds) {
  const read = (name) => new Uint8Array(readFileSync(`${folder}/${name}`)).buffer;
  const inputs = await readInputs(ort.Tensor, read);
  const open = () => ort.InferenceSession.create(model, OPTIONS);
  const { images, ...times } = await conform(open, ort.Tensor, inputs, Number(seconds));
  writeFileSync(`${folder}/made.raw`, Buffer.concat(images));
  console.log(JSON.stringify({ runtime: `onnxruntime-node ${ort.env.versions.node}`, ...times }));
}

const [first, ...rest] = process.argv.slice(2);
await (first === "--vectors" ? vectors(...rest) : draw(first, ...rest));
