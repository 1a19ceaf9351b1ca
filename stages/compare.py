"""Exported generators side by side: `python -m stages.compare A.onnx B.onnx`. Not a stage of DVC's."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.data.prepared import Prepared
from pipeline.errors import UserError
from pipeline.loading import load
from pipeline.places import prepared_dir
from pipeline.scoring.compare import WRITERS, compare, comparison
from pipeline.scoring.judges.judge import load_judges
from stages.run import in_one_line, run_app

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def main(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.onnx...", help="The exported generators.")],
    output: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Write the table as .md, or all scores as .json; may be repeated."),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(metavar="N", min=100, help="How many of each. [default: as in params.yaml]")
    ] = None,
    aside: Annotated[
        bool, typer.Option("--aside", help="Hold them against the images set aside: to choose settings by.")
    ] = False,
) -> None:
    """Score exported generators under the same conditions and print one table.

    Data set, judges, samples and seed are those of params.yaml (run `dvc repro judge` first). Any file that
    keeps the ONNX contract of the README will do, with labels or without, if it makes images of that size.
    A dash stands where a figure makes no sense for a generator; "real" is what real images reach. Choose
    settings with --aside; test images are for the report.

    \b
      python -m stages.compare exported/cdcgan.onnx ../other/exported/cdcgan.onnx
      python -m stages.compare exported/*.onnx --samples 2000 --output table.md --output scores.json
      python -m stages.compare exported/*.onnx --aside
    """  # noqa: D301 - \b marks lines that are not to be wrapped
    targets = output or []
    for target in targets:
        if target.suffix not in WRITERS:
            raise UserError(f"--output {target}: say a name that ends in {' or '.join(WRITERS)}")
    params = load()
    chosen = {} if samples is None else {"samples": samples}
    prepared, judges = Prepared.open(prepared_dir(params.data)), load_judges(params)
    evaluate = params.evaluate.model_copy(update=chosen)
    scores = compare(files, prepared, judges, evaluate, "aside" if aside else "test")
    Console().print(comparison(scores))
    for target in targets:
        WRITERS[target.suffix](target, scores)


def command_line() -> None:
    """Run the command line."""
    run_app(app, "stages.compare")


if __name__ == "__main__":
    in_one_line(command_line)
