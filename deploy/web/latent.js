// The latents of the page: noise as a function of a seed, and a map of latents around it.

// `count` draws from N(0, 1): mulberry32 gives 32 bits at a time, Box and Muller make two normals of two of them.
export function normals(seed, count) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (((bits ^ (bits >>> 14)) >>> 0) + 0.5) / 2 ** 32; // in (0, 1)
  };
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < count) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

// A map with x and y in [0, 1), both closed to a circle: four latents a, b, c, d of one seed give
//   z(x, y) = (a cos 2πx + b sin 2πx + c cos 2πy + d sin 2πy) / √2.
// The squares of the four factors add up to 1, so every point's z is from N(0, 1) like the latents of the training.
export function makeMap(seed, size) {
  const noise = normals(seed, 4 * size);
  const part = (k) => noise.subarray(k * size, (k + 1) * size);
  const [a, b, c, d] = [part(0), part(1), part(2), part(3)];
  return (x, y) => {
    const [cosX, sinX] = [Math.cos(2 * Math.PI * x), Math.sin(2 * Math.PI * x)];
    const [cosY, sinY] = [Math.cos(2 * Math.PI * y), Math.sin(2 * Math.PI * y)];
    return a.map((_, i) => (a[i] * cosX + b[i] * sinX + c[i] * cosY + d[i] * sinY) * Math.SQRT1_2);
  };
}
