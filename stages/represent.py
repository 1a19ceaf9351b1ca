"""metrics/<name>/representation.json, and the curve in representation/: what features tell of the classes."""

from typing import Any

from safetensors.torch import load_file

from pipeline import plots, systems
from pipeline.data.prepared import Prepared
from pipeline.files import atomic_path, write_json
from pipeline.params import Params
from pipeline.places import judge_dir, metrics_dir, models_dir, prepared_dir
from pipeline.scoring.features import Look, of_discriminator, of_encoder, pixels
from pipeline.scoring.judges.judge import Judge
from pipeline.scoring.representation import representation
from pipeline.tracking import Tracker, last_run
from stages.run import run


def main(params: Params) -> None:
    """Score, draw and write; where there is nothing to classify, or with, the file says so."""
    data = Prepared.open(prepared_dir(params.data))
    learnt, missing = {}, f"{data.dataset} has no classes to tell apart"
    if data.classes:
        learnt = _of_networks(params, data)
        missing = f"{params.model.kind} has no encoder, and no one discriminator of images"
    if not learnt:
        _write(params, {"protocol": f"left out: {missing}"})
        return
    judge = Judge.load(judge_dir(params.data, params.evaluate.judge))
    views = {"pixels": pixels, "judge": lambda images: judge.features_and_logits(images)[0], **learnt}
    result = representation(views, data, params.evaluate.seed)
    _write(params, result)
    for name in views:
        print(f"linear classifier on {name}: {result[name]:.2%} of the test images right")
    with Tracker.start(params, last_run(params)) as tracker:
        tracker.metrics({f"representation/{name}": result[name] for name in views})
        tracker.artifact(metrics_dir(params) / "representation" / "curve.png", "representation")


def _of_networks(params: Params, data: Prepared) -> dict[str, Look]:
    """How the trained discriminator and the encoder that ships see images, as far as there are such."""
    model, models, views = systems.build(params, data.fields).eval(), models_dir(params), {}
    discriminator = model.others().get("discriminator")
    if discriminator is not None:
        discriminator.load_state_dict(load_file(models / "others" / "discriminator.safetensors"))
        views["discriminator"] = of_discriminator(discriminator, data.label_count)
    shipped = model.shipped()
    if "encoder" in shipped:
        shipped["encoder"].load_state_dict(load_file(models / "shipped" / "encoder.safetensors"))
        views |= of_encoder(*model.exports(shipped)["encoder"], params.evaluate.seed)
    return views


def _write(params: Params, result: dict[str, Any]) -> None:
    """The shares, and a folder that is always there: with the picture, where there is one."""
    metrics = metrics_dir(params)
    with atomic_path(metrics / "representation") as part:
        part.mkdir()
        if "curve" in result:
            plots.save(plots.label_curves(result["curve"]), part / "curve.png")
        write_json(part / "contents.json", {"pictures": ["curve.png"] if "curve" in result else []})
    write_json(metrics / "representation.json", result)


if __name__ == "__main__":
    run(main)
