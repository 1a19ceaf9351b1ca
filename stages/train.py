"""models/<name>/: train the GAN that params.yaml describes."""

from pipeline.data.prepared import Prepared
from pipeline.export.consent import ask_before_replacing
from pipeline.params import Params
from pipeline.places import exported_file, models_dir, prepared_dir
from pipeline.training.distributed import launch, under_torchrun
from pipeline.training.run import check, train
from stages.run import run


def main(params: Params) -> None:
    """Train, or resume a run that was killed; in as many processes as the parameters say."""
    # now, and not after hours of training
    ask_before_replacing(params, exported_file(params))
    data = Prepared.open(prepared_dir(params.data))
    if params.train.processes > 1 and not under_torchrun():
        check(params, data)  # here, for one line about a mistake and not one from each process
        launch(params.train.processes, "stages.train")
    else:
        train(params, data, models_dir(params))


if __name__ == "__main__":
    run(main)
