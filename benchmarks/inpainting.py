"""How well a generator fills holes: test images without their middle, as a judge reads them afterwards.

`python -m benchmarks.inpainting exported/cdcgan.onnx`: data and judges as params.yaml names them (run
`dvc repro judge` first). The hole is the middle half of both sides; no label is told. Beside it what fills it
without a network: black, the mean of the training images, the middle of the training image that is nearest
outside the hole. A picture is read right where the judge sees its label. Seconds are the wall's.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.inversion import SEED, floats, share
from pipeline.data.holes import hole_of
from pipeline.data.prepared import Prepared
from pipeline.inference import Generator
from pipeline.inference.contract.inpainting import inpaint
from pipeline.inference.output.pictures import save, sheet
from pipeline.loading import load
from pipeline.places import prepared_dir
from pipeline.scoring.candidates import Images, look_at, real, shuffled
from pipeline.scoring.judges.judge import Judge, load_judges
from pipeline.scoring.neighbours import nearest_rows
from pipeline.scoring.translations import made

ROWS = 10  # pictures on the sheet


def main() -> None:
    """Print a table of what the judge reads, and write some of the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="an exported generator, with its .parts beside it")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--starts", type=int, default=32)
    parser.add_argument("--out", type=Path, help="a sheet: whole, with the hole, filled in each of the ways")
    arguments = parser.parse_args()
    params, generator = load(), Generator(arguments.file, device="cpu")
    prepared = Prepared.open(prepared_dir(params.data)).beginning_with(made(generator))
    judge = next(iter(load_judges(params, made(generator)).values()))
    test = real(prepared, "test", shuffled(prepared, "test", arguments.count, SEED))
    mask = middle(test.images.shape[2:])
    ways = {"whole": test.images} | without_a_network(prepared, test.images, mask)
    began = time.perf_counter()
    filled, _ = inpaint(
        generator, floats(generator, test), mask, steps=arguments.steps, starts=arguments.starts
    )
    seconds = (time.perf_counter() - began) / len(test)
    ways["the generator"] = generator.pixels(filled).transpose(0, 3, 1, 2)
    print(f"{len(test)} test images; {seconds:.2f} s each\n")
    print("| filled with | read right | 95 % |\n|---|---:|---|")
    for words, images in ways.items():
        print(f"| {words} | {read_right(judge, Images(images, test.labels))} |")
    if arguments.out:
        rows = np.concatenate([images[:ROWS] for images in ways.values()])
        save(sheet(rows.transpose(0, 2, 3, 1), ROWS, 2), arguments.out)


def middle(sides: tuple[int, int]) -> NDArray[np.float32]:
    """The mask [1, 1, H, W] that covers the middle half of each side."""
    mask = np.ones((1, 1, *sides), np.float32)
    mask[..., *map(hole_of, sides)] = 0
    return mask


def without_a_network(
    prepared: Prepared, images: NDArray[np.uint8], mask: NDArray[np.float32]
) -> dict[str, NDArray[np.uint8]]:
    """The pictures [N, C, H, W] with the hole filled by what needs no training."""
    train, known = np.asarray(prepared.images("train")), mask == 1
    mean = np.rint(train.mean(0, keepdims=True)).astype(np.uint8)
    outside = np.broadcast_to(known[0], train.shape[1:])
    (nearest,) = nearest_rows(train[:, outside], images[:, outside], 1).T
    fillings = {"black": np.zeros_like(mean), "the mean": mean, "the nearest neighbour": train[nearest]}
    return {words: np.where(known, images, filling) for words, filling in fillings.items()}


def read_right(judge: Judge, images: Images) -> str:
    """The share that the judge reads as labelled, and its interval."""
    return share(look_at(judge, images).logits.argmax(1) == images.labels)


if __name__ == "__main__":
    main()
