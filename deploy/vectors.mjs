// The conformance protocol of harness.py in JavaScript, for Node.js and the browser: vectors in, images and times out.

const VALUES = { float32: Float32Array, int64: BigInt64Array, uint8: Uint8Array };

// Open the model with `open` and run it: `inputs` are tensors by name, `Tensor` their class. Images come as bytes.
export async function conform(open, Tensor, inputs, seconds) {
  const started = performance.now();
  const session = await open();
  const load = (performance.now() - started) / 1000;
  const images = [];
  const [count] = Object.values(inputs)[0].dims;
  for (const [from, to] of [[0, 1], [1, count]]) {
    const [image] = Object.values(await session.run(rows(Tensor, inputs, from, to))); // whatever it is called
    images.push(new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.byteLength));
  }
  const rates = {};
  for (const batch of [1, 64]) rates[batch] = await rate(session, rows(Tensor, inputs, 0, batch), batch, seconds);
  return { load, rates, images };
}

// The model's inputs by name, from the files that `read` gives as ArrayBuffers.
export async function readInputs(Tensor, read) {
  const lines = new TextDecoder().decode(await read("inputs.txt")).trim().split("\n");
  const inputs = {};
  for (const [name, type, ...shape] of lines.map((line) => line.split(" "))) {
    inputs[name] = new Tensor(type, new VALUES[type](await read(`${name}.raw`)), shape.map(Number));
  }
  return inputs;
}

// The rows from..to of every input.
function rows(Tensor, inputs, from, to) {
  return Object.fromEntries(Object.entries(inputs).map(([name, { type, data, dims }]) => {
    const width = data.length / dims[0];
    const part = data.slice(from * width, to * width);
    return [name, new Tensor(type, part, [to - from, ...dims.slice(1)])];
  }));
}

// Images a second, over calls that fill `seconds` after one to warm up.
async function rate(session, feeds, batch, seconds) {
  await session.run(feeds);
  const started = performance.now();
  let calls = 0;
  let elapsed = 0;
  while (elapsed < seconds || !calls) {
    await session.run(feeds);
    calls += 1;
    elapsed = (performance.now() - started) / 1000;
  }
  return (calls * batch) / elapsed;
}
