"""models/judge/<dataset>-<size>/<name>/: train the judges on the real images."""

from pipeline.data.prepared import Prepared
from pipeline.params import Params
from pipeline.places import judge_dir, prepared_dir
from pipeline.scoring.judges.training import train_judge
from stages.run import run


def main(params: Params) -> None:
    """Train, test and write each."""
    prepared = Prepared.open(prepared_dir(params.data))
    for name, section in params.judges.items():
        judge = train_judge(prepared, name, section)
        judge.save(judge_dir(params.data, name))
        print(f"judge {name}: {judge.description['accuracy']:.2%} of {judge.description['tested_on']} right")


if __name__ == "__main__":
    run(main)
