"""models/judge/<dataset>-<size>/<architecture>/: train the two judges on the real images."""

from pipeline.datasets.prepared import Prepared, prepared_dir
from pipeline.params import Params
from pipeline.scoring.judge import judge_dir
from pipeline.scoring.judge_training import train_judge
from stages.run import run


def main(params: Params) -> None:
    """Train, test and write both."""
    prepared = Prepared.open(prepared_dir(params.data))
    for section in (params.judge, params.second_judge):
        judge = train_judge(prepared, section)
        judge.save(judge_dir(params.data, section))
        about = judge.description
        right = f"{about['accuracy']:.2%} of {about['test_images']:,} test images right"
        print(f"{section.architecture} judge: {right}")


if __name__ == "__main__":
    run(main)
