"""Pairs of pictures in folders: A goes in, and B should come out.

Either A/ and B/, each laid out as any folder of images, whose files belong together by their names (endings
may differ); or pictures twice as wide as high, laid out likewise, with A in the left half and B in the right.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath

import torch

from pipeline.data import copying, folders
from pipeline.data.images import decode
from pipeline.data.originals import Originals
from pipeline.data.pairs import SOURCE
from pipeline.data.tree import Tree
from pipeline.errors import UserError

Pair = tuple[torch.Tensor, torch.Tensor]  # B, then A: uint8 [1 or 3, H, W]


def download(path: str, raw: Path) -> None:
    """Copy the pictures to `raw`; UserError names those without a partner."""
    copying.download(path, raw, lambda tree: _layout(tree)[0].splits())


def load(path: str, raw: Path, test_fraction: float | None, size: int) -> Originals:
    """Open what `download` copied, as `folders.load` does, with A as the field `source`."""
    tree, read = _layout(folders.opened(path, raw))
    found = tree.splits()
    folders.check_fraction(path, test_fraction, has_test="test" in found)
    images, source = folders.originals(tree, found, test_fraction, size, read, 2)
    return replace(images, beside={SOURCE: source})


def _layout(tree: Tree) -> tuple[Tree, folders.Read]:
    """The folders that give the rows, and how their files are read."""
    top = tree.top
    names = {path.name for path in top.iterdir()}
    if not names & {"A", "B"}:
        return tree, _halves
    if names != {"A", "B"}:
        raise tree.unexpected("A/ and B/")
    files = {side: _by_name(tree, top / side) for side in "AB"}
    _check_partners(tree, top, files)
    inside = replace(tree, within=str((top / "A").relative_to(tree.root)))
    partners = {file: files["B"][name] for name, file in files["A"].items()}
    return inside, partial(_both, tree, partners)


def _by_name(tree: Tree, folder: Path) -> dict[PurePath, Path]:
    """The files of one side by their names in it, without their endings."""
    found: dict[PurePath, Path] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).with_suffix("")
        if name in found:
            raise UserError(
                f"{tree.shown(file)} and {tree.shown(found[name])} have one name: which is of the pair?"
            )
        found[name] = file
    return found


def _check_partners(tree: Tree, top: Path, files: Mapping[str, Mapping[PurePath, Path]]) -> None:
    for side, other in ("AB", "BA"):
        lone = [tree.shown(files[side][name]) for name in sorted(files[side].keys() - files[other].keys())]
        if lone:
            raise UserError(
                f"no partner of the same name in {tree.shown(top / other)}: {folders.named(lone)}; add it, "
                "or take these out"
            )


def _both(tree: Tree, partners: Mapping[Path, Path], file: Path, name: str) -> Pair:
    other = partners[file]
    source, image = decode(file, name), decode(other, tree.shown(other))
    (height, width), (high, wide) = source.shape[1:], image.shape[1:]
    if height * wide != width * high:
        raise UserError(
            f"{name} is {width} x {height} pixels and {tree.shown(other)} {wide} x {high}: the pictures of a "
            "pair need sides of one ratio"
        )
    return image, source


def _halves(file: Path, name: str) -> Pair:
    picture = decode(file, name)
    height, width = picture.shape[1:]
    if width != 2 * height:
        raise UserError(
            f"{name} is {width} x {height} pixels: a pair side by side is twice as wide as high; or put the "
            "pictures into A/ and B/"
        )
    return picture[:, :, height:], picture[:, :, :height]
