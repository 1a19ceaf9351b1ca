"""The two-sample test in full: several seeds, sizes of picture and numbers of images, real beside real.

`python -m benchmarks.two_sample exported/cdcgan.onnx`: data and judges as params.yaml names them (run
`dvc repro judge` first). A net counts where it finds what there is: a wider one must not find much more.
"""

import argparse
import statistics
from pathlib import Path

from pipeline.data.prepared import Prepared
from pipeline.loading import load
from pipeline.places import prepared_dir
from pipeline.scoring.candidates import Images, subset
from pipeline.scoring.evidence import gather, open_generator
from pipeline.scoring.figures import two_sample
from pipeline.scoring.figures.two_sample import told_apart
from pipeline.scoring.judges.judge import load_judges
from pipeline.streams import seed_of


def main() -> None:
    """Print a table, one row a size of picture, width and number of images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="an exported generator")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.25, 1.0], help="of the images")
    parser.add_argument(
        "--widths", type=float, nargs="+", default=[1.0, 2.0], help="times that of the scores"
    )
    arguments = parser.parse_args()
    params = load()
    prepared = Prepared.open(prepared_dir(params.data))
    evidence = gather(
        open_generator(arguments.file, prepared), prepared, load_judges(params), params.evaluate
    )
    recipes = dict(two_sample.RECIPES)
    print("| pictures | width | real images | generated | real against real |\n|---|---:|---:|---:|---:|")
    for halved, (width, lr, steps) in recipes.items():
        for times in arguments.widths:
            two_sample.RECIPES[halved] = (round(width * times), lr, steps)
            for share in arguments.shares:
                whole = [evidence[side] for side in ("unseen", "told_apart", "seen")]
                real, *others = [subset(side, round(share * len(side)), seed=0) for side in whole]
                cells = [shares_right(real, other, arguments.seeds, halved) for other in others]
                size = "half" if halved else "whole"
                print(
                    f"| {size} | {round(width * times)} | {len(real):,} | {' | '.join(cells)} |", flush=True
                )


def shares_right(real: Images, other: Images, seeds: int, halved: bool) -> str:
    """Mean and deviation over the seeds of the share of right answers."""
    right = [
        told_apart(real, other, seed_of(0, "two-sample benchmark", seed), halved=halved).mean()
        for seed in range(seeds)
    ]
    return f"{statistics.mean(right):.1%} ± {statistics.stdev(right):.1%}"


if __name__ == "__main__":
    main()
