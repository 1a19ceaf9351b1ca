"""How every stage starts and ends: validated parameters in, one clear line and an exit code out."""

import os
import sys
import traceback
from collections.abc import Callable

from pipeline.errors import RunError, Stopped, UserError
from pipeline.params import Params, load


def run(main: Callable[[Params], None]) -> None:
    """Call `main` with params.yaml, as `in_one_line` does."""
    in_one_line(lambda: main(load()))


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


def _leave(message: str, code: int) -> None:
    if os.environ.get("GAN_TRACEBACK"):
        traceback.print_exc()
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)
