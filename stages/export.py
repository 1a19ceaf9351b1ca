"""exported/<name>.onnx and .json: the trained generator as one self-describing file."""

from safetensors.torch import load_file

from pipeline import systems
from pipeline.data.prepared import Prepared
from pipeline.export.consent import ask_before_replacing
from pipeline.export.to_onnx import export
from pipeline.params import Params
from pipeline.places import exported_file, models_dir, prepared_dir
from pipeline.tracking import Tracker, last_run
from pipeline.training.resumable import forget_exported
from stages.run import run


def main(params: Params) -> None:
    """Export the generator and register it with MLflow."""
    target = exported_file(params)
    ask_before_replacing(params, target)
    data = Prepared.open(prepared_dir(params.data))
    model = systems.build(params, data.fields)
    model.generator.load_state_dict(load_file(models_dir(params) / "generator.safetensors"))
    difference = export(params, data, model.generator, target)
    forget_exported(params, data.digest)
    print(f"{target}: {target.stat().st_size:,} bytes, within {difference:.1e} of torch")
    with Tracker.start(params, last_run(params)) as tracker:
        tracker.model(target, params.name)


if __name__ == "__main__":
    run(main)
