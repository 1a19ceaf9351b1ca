"""The lists of code in dvc.yaml: DVC does not follow imports, so they are computed and written there.

python -m stages.deps --write
"""

import re
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import UserError
from pipeline.files import write_bytes
from pipeline.provenance import listed
from stages.run import in_one_line, run_app

FILE = Path("dvc.yaml")
app = typer.Typer(add_completion=False)


def with_lists(content: str) -> str:
    """dvc.yaml with the files of code under the `deps` of each stage as they should be."""
    stage, lines = "", []
    for line in content.splitlines(keepends=True):
        if named := re.match(r"  (\w+):$", line):
            stage = named[1]
        if not re.match(r"      - (pipeline|stages)/", line):
            lines.append(line)
        if line == "    deps:\n":
            lines += [f"      - {file}\n" for file in listed(stage)]
    return "".join(lines)


@app.command()
def main(
    write: Annotated[
        bool, typer.Option("--write", help="Write them; else only say whether they are.")
    ] = False,
) -> None:
    """Compare the lists of code in dvc.yaml with what the stages import."""
    before = FILE.read_text(encoding="utf-8")
    after = with_lists(before)
    if write:
        write_bytes(FILE, after.encode())
    elif before != after:
        raise UserError(f"{FILE}: the lists of code are not what the stages import; run with --write")


if __name__ == "__main__":
    in_one_line(lambda: run_app(app, "stages.deps"))
