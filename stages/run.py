"""How every stage starts and ends: validated parameters in, one clear line and an exit code out."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from pipeline.errors import RunError, Stopped, UserError
from pipeline.loading import load
from pipeline.params import Params

if TYPE_CHECKING:
    import typer

LOCK_WAIT = 10.0  # seconds for a stage that was asked to end to do so
# the stages whose output belongs to the data, not to a name
OF_THE_DATA = ("download", "preprocess", "judge")


def run(main: Callable[[Params], None]) -> None:
    """Call `main` of a stage with params.yaml, as `in_one_line` does; never beside another of the same."""
    in_one_line(lambda: _alone(main, load()))


def _alone(main: Callable[[Params], None], params: Params) -> None:
    """Call `main` while no other process runs that stage for the same output; UserError where one does."""
    if "RANK" in os.environ:  # one of several processes that train together
        main(params)
        return
    stage = Path(main.__code__.co_filename).stem
    owner = params.data.dataset if stage in OF_THE_DATA else params.name
    lock = Path(".resume", "locks", f"{stage}-{owner}.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=LOCK_WAIT):
            main(params)
    except Timeout:
        raise UserError(f"another process runs `{stage}` of {owner}: wait for it, or stop it") from None


def in_one_line(work: Callable[[], None]) -> None:
    """Do the work; exit 2 on the user's mistake, 1 on a failure, 130 on Ctrl-C, each told in one line.

    GAN_TRACEBACK=1 in the environment shows the traceback instead of the one line.
    """
    try:
        work()
    except UserError as error:
        _leave(str(error), 2)
    except RunError as error:
        _leave(str(error), 1)
    except OSError as error:  # no permission, a folder where a file should be, ...
        _leave(f"{error.filename or 'input/output'}: {error.strerror or error}", 1)
    except Stopped as stopped:
        _leave(str(stopped), 130)
    except KeyboardInterrupt:
        _leave("stopped; the same command goes on from the last state saved", 130)


def run_app(app: "typer.Typer", module: str) -> None:
    """Run a Typer command line for `in_one_line`; a wrong option is one line, as a wrong parameter is.

    `module` is what runs it: `python -m` goes before it where it is one.
    """
    import typer  # late: no stage of DVC's needs it

    try:
        program = f"python -m {module}" if "." in module else module
        sys.exit(app(prog_name=program, standalone_mode=False))
    except typer.TyperException as error:
        raise UserError(f"{' '.join(error.format_message().split())} (see --help)") from None


def _leave(message: str, code: int) -> None:
    if os.environ.get("GAN_TRACEBACK"):
        traceback.print_exc()
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)
