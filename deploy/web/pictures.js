// Pictures (Uint8ClampedArray of height x width, 0 is black) on canvases and in files.

const SCALE = 16; // screen pixels a pixel, in a saved picture

// Put pictures on a canvas, `columns` in a row, one canvas pixel a pixel.
export function paint(canvas, pictures, width, columns = pictures.length) {
  const height = pictures[0].length / width;
  canvas.width = columns * width;
  canvas.height = Math.ceil(pictures.length / columns) * height;
  const context = canvas.getContext("2d");
  pictures.forEach((picture, i) => {
    const pixels = new ImageData(width, height);
    picture.forEach((value, p) => pixels.data.set([value, value, value, 255], 4 * p));
    context.putImageData(pixels, (i % columns) * width, Math.floor(i / columns) * height);
  });
}

// A cross-fade of two pictures: 0 is the first, 1 the second.
export function blend(from, to, share) {
  return from.map((value, i) => (1 - share) * value + share * to[i]);
}

// Save pictures beside each other as a PNG file, white on black as the network draws them.
export function save(pictures, width, name) {
  const small = document.createElement("canvas");
  paint(small, pictures, width);
  const large = document.createElement("canvas");
  large.width = small.width * SCALE;
  large.height = small.height * SCALE;
  const context = large.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, large.width, large.height);
  large.toBlob((blob) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }, "image/png");
}
