"""Progress bars on stderr, so that stdout stays free for what a program has to say."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


def items_bar() -> Progress:
    """A bar that counts things: 300/60000, time left."""
    return _bar(MofNCompleteColumn())


def bytes_bar() -> Progress:
    """A bar that counts bytes: 3.1/9.9 MB, speed, time left."""
    return _bar(DownloadColumn(), TransferSpeedColumn())


def _bar(*columns: MofNCompleteColumn | DownloadColumn | TransferSpeedColumn) -> Progress:
    description = TextColumn("{task.description}")
    return Progress(description, BarColumn(), *columns, TimeRemainingColumn(), console=Console(stderr=True))
