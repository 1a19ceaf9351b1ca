"""exported/<name>.onnx and what lies beside it: the trained networks as files that describe themselves."""

from safetensors.torch import load_file

from pipeline import systems
from pipeline.data.prepared import Prepared
from pipeline.export.consent import ask_before_replacing
from pipeline.export.files import export
from pipeline.params import Params
from pipeline.places import exported_file, models_dir, prepared_dir
from pipeline.tracking import Tracker, last_run
from pipeline.training.resumable import forget_exported
from stages.run import run


def main(params: Params) -> None:
    """Export what ships and register it with MLflow."""
    target = exported_file(params)
    ask_before_replacing(params, target)
    data = Prepared.open(prepared_dir(params.data))
    model = systems.build(params, data.fields)
    shipped = model.shipped()
    for name, network in shipped.items():
        network.load_state_dict(load_file(models_dir(params) / "shipped" / f"{name}.safetensors"))
    difference = export(params, data, model.exports(shipped), target)
    forget_exported(params, data.digest)
    print(f"{target}: {target.stat().st_size:,} bytes, within {difference:.1e} of torch")
    with Tracker.start(params, last_run(params)) as tracker:
        tracker.model(target, params.name)


if __name__ == "__main__":
    run(main)
