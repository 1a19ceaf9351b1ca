"""How well latents are found: of a generator's own samples, of real test images, and from an encoder.

`python -m benchmarks.inversion exported/cdcgan.onnx`: data and judges as params.yaml names them (run
`dvc repro judge` first). A label is kept where the judge sees in what comes back the class that it sees in
the picture itself. Seconds are the wall's; errors are of pixels from -1 to 1.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.data.prepared import Prepared
from pipeline.inference import Generator
from pipeline.inference.contract.encoding import encode
from pipeline.inference.contract.inversion import Inverted, invert, pictures
from pipeline.kinds.image import from_pixels
from pipeline.loading import load
from pipeline.places import prepared_dir
from pipeline.scoring.candidates import Images, generated, look_at, real, shuffled
from pipeline.scoring.judges.judge import Judge, load_judges
from pipeline.scoring.spread import of_mean
from pipeline.scoring.translations import made
from pipeline.streams import seed_of

RECOVERED = 1e-3  # the error up to which a picture counts as found again
BUDGETS = (20, 40, 80, 160, 320, 800)  # steps, with an encoder and without
SEED = 0


def main() -> None:
    """Print a table of the pictures, and one of the steps where an encoder ships."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="an exported generator, with its .parts beside it")
    parser.add_argument("--count", type=int, default=500, help="pictures of each kind")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--starts", type=int, default=32)
    parser.add_argument("--budgets", type=int, nargs="+", default=BUDGETS)
    arguments = parser.parse_args()
    params, generator = load(), Generator(arguments.file, device="cpu")
    prepared = Prepared.open(prepared_dir(params.data)).beginning_with(made(generator))
    judge = next(iter(load_judges(params, made(generator)).values()))
    test = real(prepared, "test", shuffled(prepared, "test", arguments.count, SEED))
    own = generated(generator, test.labels, len(test), SEED)

    def search(images: NDArray[np.float32], labels: NDArray[np.int64] | None) -> Inverted:
        every = np.ones((1, 1, *images.shape[2:]), np.float32)  # a mask: without the encoder
        budget = {"steps": arguments.steps, "starts": arguments.starts}
        return invert(generator, images, labels, mask=every, **budget)

    print("| pictures | label | error <= 1e-3 | 95 % | label kept | 95 % | median error | s each |")
    print("|---|---|---:|---|---:|---|---:|---:|")
    for words, images in (("own samples", own), ("test images", test)):
        asked = [("sought", None)]
        if generator.description.conditional:
            asked.insert(0, ("told", images.labels))
        for how, labels in asked:
            print(f"| {words} | {how} | {row(generator, judge, images, labels, search)} |", flush=True)
    print_budgets(generator, floats(generator, test), arguments.starts, arguments.budgets)


def row(
    generator: Generator,
    judge: Judge,
    images: Images,
    labels: NDArray[np.int64] | None,
    search: Callable[[NDArray[np.float32], NDArray[np.int64] | None], Inverted],
) -> str:
    """What was found of some pictures: shares with their intervals, the median error, seconds."""
    began = time.perf_counter()
    found = search(floats(generator, images), labels)
    seconds = (time.perf_counter() - began) / len(images)
    back = Images(generator.pixels(pictures(generator, found)).transpose(0, 3, 1, 2), None)
    seen, still = (look_at(judge, each).logits.argmax(1) for each in (images, back))
    shares = [share(found.error <= RECOVERED), share(seen == still)]
    return f"{' | '.join(shares)} | {np.median(found.error):.2g} | {seconds:.2f}"


def share(right: NDArray[np.bool_]) -> str:
    """The share of what is right, and its interval."""
    figure = of_mean(right, None, seed_of(SEED, "inversion benchmark"))
    low, high = (min(1, max(0, figure[end])) for end in ("low", "high"))
    return f"{figure['value']:.1%} | {low:.1%} - {high:.1%}"


def print_budgets(generator: Generator, images: NDArray[np.float32], starts: int, budgets: list[int]) -> None:
    """The mean error by the number of steps, from noise and from what the encoder says, if one ships."""
    if encode(generator, images[:1], SEED) is None:
        return
    every = np.ones((1, 1, *images.shape[2:]), np.float32)
    print(f"\n| steps | mean error, {starts} starts | from the encoder |\n|---:|---:|---:|")
    for steps in budgets:
        cold = invert(generator, images, mask=every, steps=steps, starts=starts).error.mean()
        warm = invert(generator, images, steps=steps).error.mean()
        print(f"| {steps} | {cold:.4g} | {warm:.4g} |", flush=True)


def floats(generator: Generator, images: Images) -> NDArray[np.float32]:
    """The pictures as the generator makes them: float32 [N, C, H, W]."""
    field = generator.description.outputs[generator.description.picture]
    return from_pixels(field, images.images.transpose(0, 2, 3, 1))


if __name__ == "__main__":
    main()
