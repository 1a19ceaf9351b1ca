"""models/judge/<dataset>-<size>/<field>/<name>/: train the judges on the real images of each table."""

from itertools import product

from pipeline.data.prepared import Prepared
from pipeline.params import Params
from pipeline.places import judge_dir, prepared_dir
from pipeline.scoring.judges.training import train_judge
from stages.run import run


def main(params: Params) -> None:
    """Train, test and write each."""
    prepared = Prepared.open(prepared_dir(params.data))
    for table, (name, section) in product(prepared.tables, params.judges.items()):
        judge = train_judge(prepared.beginning_with(table.images), name, section)
        judge.save(judge_dir(params.data, name, table.images))
        right = f"{judge.description['accuracy']:.2%} of {judge.description['tested_on']} right"
        print(f"judge {name}: {right}" + (f" ({table.images})" if len(prepared.tables) > 1 else ""))


if __name__ == "__main__":
    run(main)
