"""metrics/<name>/report.html: one page on one run, to send to another person."""

from pipeline.files import write_bytes
from pipeline.params import Params
from pipeline.places import metrics_dir
from pipeline.report.contents import gather
from pipeline.report.page import page
from pipeline.tracking import Tracker, last_run
from stages.run import run


def main(params: Params) -> None:
    """Write the report and keep a copy with the MLflow run."""
    target = metrics_dir(params) / "report.html"
    write_bytes(target, page(gather(params)).encode())
    print(f"{target}: {target.stat().st_size:,} bytes, all in one file")
    with Tracker.start(params, last_run(params)) as tracker:
        tracker.artifact(target)


if __name__ == "__main__":
    run(main)
