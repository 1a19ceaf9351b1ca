"""metrics/<name>/: score exported/<name>.onnx by running it."""

import time

from rich.console import Console

from pipeline.data.prepared import Prepared
from pipeline.files import atomic_path, write_json
from pipeline.params import Params
from pipeline.places import exported_file, metrics_dir, prepared_dir
from pipeline.scoring.evidence import gather, open_generator
from pipeline.scoring.figure import rounded
from pipeline.scoring.figures import score
from pipeline.scoring.figures.label_accuracy import confusion
from pipeline.scoring.judges.inception import HOW_TO_GET_IT
from pipeline.scoring.judges.judge import load_judges
from pipeline.scoring.parts import beside
from pipeline.scoring.pictures import draw
from pipeline.scoring.protocol import protocol
from pipeline.scoring.table import confusion_csv, key_figures, scores_table
from pipeline.scoring.translations import made
from pipeline.scoring.verdict import verdict, warnings
from pipeline.tracking import Tracker, last_run
from stages.run import run


def main(params: Params) -> None:
    """Write the key figures, all figures in full and the pictures; print the table."""
    began = time.perf_counter()
    file = exported_file(params)
    prepared = Prepared.open(prepared_dir(params.data))
    generator = open_generator(file, prepared)
    evidence = gather(generator, prepared, load_judges(params, made(generator)), params.evaluate)
    evidence |= beside(generator, file, prepared, evidence)
    scores = {"protocol": protocol(file, evidence, prepared, params.evaluate)} | rounded(score(evidence))
    metrics = metrics_dir(params)
    with atomic_path(metrics / "details") as details:
        details.mkdir()
        write_json(details / "scores.json", scores)
        draw(details, generator, evidence, scores, params.evaluate.seed)
        if "labels" in evidence:
            seen = confusion(evidence["fake"].logits, evidence["labels"])
            (details / "confusion.csv").write_text(confusion_csv(evidence["classes"], seen))
    write_json(metrics / "metrics.json", key_figures(scores))
    console = Console()
    for warning in warnings(scores):
        console.print(f"warning: {warning}", soft_wrap=True, highlight=False)
    console.print(verdict(scores), soft_wrap=True, highlight=False)
    console.print(scores_table(params.name, scores))
    if "inception" not in evidence:
        console.print(HOW_TO_GET_IT, soft_wrap=True, highlight=False)
    console.print(f"evaluated in {time.perf_counter() - began:.0f} s; pictures in {metrics}/details/")
    with Tracker.start(params, last_run(params)) as tracker:
        figures = key_figures(scores).items()
        tracker.metrics({f"scores/{name}": value for name, value in figures if isinstance(value, float)})
        for detail in sorted((metrics / "details").iterdir()):
            tracker.artifact(detail, "scores")
        tracker.champion(file, params.name, scores)


if __name__ == "__main__":
    run(main)
