"""`gan-new`: from pictures to a params.yaml that suits them and this machine. Not a stage of DVC's."""

import re
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import UserError
from pipeline.files import atomic_path
from pipeline.loading import PARAMS_FILE, load
from stages.run import in_one_line, run_app

QUICK = 5.0  # minutes
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def main(
    source: Annotated[str, typer.Option("--from", metavar="PATH", help="The folder or .zip of pictures.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the generator. [default: as the folder's]")
    ] = None,
    size: Annotated[
        int | None, typer.Option(metavar="PIXELS", help="A side. [default: 64 or 32, as suits]")
    ] = None,
    minutes: Annotated[float, typer.Option(metavar="M", min=1, help="For all of `dvc repro`.")] = 60,
    quick: Annotated[bool, typer.Option("--quick", help="A trial of about five minutes.")] = False,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Write it there.")] = PARAMS_FILE,
    force: Annotated[bool, typer.Option("--force", help="Replace a file of yours.")] = False,
) -> None:
    """Look at your pictures, measure this machine, and write params.yaml. Then: dvc repro.

    \b
      gan-new --from ~/pictures --quick      # a trial
      gan-new --from ~/pictures --minutes 120 --name cats --force
    """  # noqa: D301 - \b marks lines that are not to be wrapped
    if not (Path("presets").is_dir() and Path("dvc.yaml").is_file()):
        raise UserError("no presets/ and dvc.yaml here: run gan-new in the project's folder")
    path = Path(source).expanduser()
    if not path.exists():
        raise UserError(f"--from {source}: there is no such folder or .zip")
    _refuse_to_overwrite(out, force)
    _plan(str(path), name or _named_after(path), size, QUICK if quick else minutes, quick, out)


def _plan(path: str, name: str, size: int | None, minutes: float, quick: bool, out: Path) -> None:
    from pipeline.planning.found import look  # late, as torch is
    from pipeline.planning.plan import plan
    from pipeline.planning.said import described
    from pipeline.planning.sheet import contact_sheet
    from pipeline.planning.writing import text_of

    found = look(path)
    print("\n".join(described(found)))
    planned = plan(found, name, size, minutes, quick)
    print("\n".join(planned.said))
    about = f"about {planned.seconds / 60:.0f} minutes on this machine: {_short(planned.images)} images"
    head = [f"Your own pictures, planned by gan-new: {about}.", *planned.said]
    _write(out, text_of(planned.start.preset, planned.changes, head))
    sheet = Path("data", f"{name}-cut.png")
    sheet.parent.mkdir(exist_ok=True)
    changes = planned.changes
    contact_sheet(found.shown, changes["data.size"], changes["data.pictures.square"]).save(sheet)
    print(f"{sheet} shows how pictures are cut (data.pictures.square: {changes['data.pictures.square']})")
    print(
        f"{out} is written, {about}. Next: "
        + ("" if out == PARAMS_FILE else f"cp {out} params.yaml && ")
        + "dvc repro"
    )


def _write(out: Path, text: str) -> None:
    """Put it in place if it is a params.yaml that can be used; UserError where it is none (a name, say)."""
    with atomic_path(out) as part:
        part.write_text(text, encoding="utf-8")
        try:
            load(part)
        except UserError as error:
            raise UserError(str(error).replace(str(part), str(out))) from None


def _refuse_to_overwrite(out: Path, force: bool) -> None:
    """UserError where a file would be lost; a copy of a preset is none."""
    from pipeline.planning.writing import is_a_preset

    if out.exists() and not force and not is_a_preset(out.read_bytes()):
        raise UserError(
            f"{out} is there, and no copy of a preset: --force replaces it, --out writes elsewhere"
        )


def _named_after(path: Path) -> str:
    """A name for the run like that of the folder or zip."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", path.resolve().stem.lower()).strip("-_")
    return plain if plain and plain != "judge" else "pictures"


def _short(count: int) -> str:
    return f"{count / 1e6:.1f} million" if count >= 1e6 else f"{count:,}"


def command_line() -> None:
    """Run the command line."""
    run_app(app, "gan-new")


def command() -> None:
    """The entry point of the installed command."""
    in_one_line(command_line)


if __name__ == "__main__":
    command()
