"""metrics/<name>/representation.json: what a linear classifier reads from the discriminator's features."""

from safetensors.torch import load_file

from pipeline import systems
from pipeline.data.prepared import Prepared
from pipeline.files import write_json
from pipeline.params import Params
from pipeline.places import judge_dir, metrics_dir, models_dir, prepared_dir
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.representation import representation
from pipeline.tracking import Tracker, last_run
from stages.run import run


def main(params: Params) -> None:
    """Score and write; where there is nothing to classify, or with, the file says so."""
    data = Prepared.open(prepared_dir(params.data))
    target = metrics_dir(params) / "representation.json"
    if not data.classes:
        write_json(target, {"protocol": f"left out: {data.dataset} has no classes to tell apart"})
        return
    discriminator = systems.build(params, data.fields).others().get("discriminator")
    if discriminator is None:
        write_json(target, {"protocol": f"left out: {params.model.kind} has no discriminator"})
        return
    discriminator.load_state_dict(load_file(models_dir(params) / "others" / "discriminator.safetensors"))
    judge = Judge.load(judge_dir(params.data, params.evaluate.judge))
    result = representation(discriminator.eval(), data, judge, params.evaluate.seed)
    write_json(target, result)
    accuracies = {name: value for name, value in result.items() if name != "protocol"}
    for name, accuracy in accuracies.items():
        print(f"linear SVM on {name}: {accuracy:.2%} of the test images right")
    with Tracker.start(params, last_run(params)) as tracker:
        tracker.metrics({f"representation/{name}": value for name, value in accuracies.items()})


if __name__ == "__main__":
    run(main)
