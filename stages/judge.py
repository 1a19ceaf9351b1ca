"""models/judge/<dataset>-<size>/: train the judge on the real images."""

from pipeline.datasets.prepared import Prepared, prepared_dir
from pipeline.params import Params
from pipeline.scoring.judge import judge_dir
from pipeline.scoring.judge_training import train_judge
from stages.run import run


def main(params: Params) -> None:
    """Train, test and write the judge."""
    judge = train_judge(Prepared.open(prepared_dir(params.data)), params.judge)
    judge.save(judge_dir(params.data))
    about = judge.description
    print(f"judge: {about['accuracy']:.2%} of {about['test_images']:,} test images right")


if __name__ == "__main__":
    run(main)
