"""Two sets of images in folders, A and B, without pairs: trainA/ and trainB/, testA/ and testB/."""

from dataclasses import replace
from pathlib import Path

from pipeline.data import folders
from pipeline.data.originals import Originals
from pipeline.data.tree import Listing, Tree

_TRAIN, _TEST = {"trainA", "trainB"}, {"testA", "testB"}


def load(path: str, raw: Path, test_fraction: float | None, size: int) -> Originals:
    """Open what `copying.download` copied, scaled to `size`: A, and in the table `other` B."""
    tree = folders.opened(path, raw)
    found = sides(tree)
    has_test = all("test" in listings for listings in found.values())
    test = "testA/ and testB/"
    folders.check_fraction(path, test_fraction, has_test=has_test, lacks=test, has=test)
    first, second = (folders.originals(tree, listings, test_fraction, size)[0] for listings in found.values())
    remarks = (
        *(f"A: {remark}" for remark in first.remarks),
        *(f"B: {remark}" for remark in second.remarks),
    )
    return replace(first, remarks=remarks, others={"other": second})


def sides(tree: Tree) -> dict[str, dict[str, Listing]]:
    """What is to train on and, where it is there, to test on, of A and of B; UserError if it is not so."""
    top = tree.top
    names = {path.name for path in top.iterdir()}
    if names not in (_TRAIN, _TRAIN | _TEST):
        raise tree.unexpected("trainA/ and trainB/, or these with testA/ and testB/,")
    found = {}
    for side in "AB":
        parts = [part for part in ("train", "test") if part + side in names]
        found[side] = {part: tree.listing(top / (part + side)) for part in parts}
        if len(parts) > 1:
            tree.check_classes(found[side], f"train{side}/ and test{side}/")
    return found
