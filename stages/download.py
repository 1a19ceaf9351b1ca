"""download: the original files of the data set -> data/raw/<dataset>/.

DVC runs it every time, because a user's folder may have changed. What is slow to import waits until there is
something to do.
"""

from pipeline.data import record
from pipeline.loading import load, load_data
from pipeline.places import raw_dir
from stages.run import in_one_line


def main() -> None:
    """Fetch or copy the originals, checksums verified; nothing where the source is as it was."""
    data = load_data()
    raw = raw_dir(data)
    if record.is_unchanged(data, raw):
        return
    load()  # a mistake in any section is told before something is fetched
    from pipeline.datasets import download

    before = record.state(data)
    download(data, raw)
    record.remember(before, raw)


if __name__ == "__main__":
    in_one_line(main)
