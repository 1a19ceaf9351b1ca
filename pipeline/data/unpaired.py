"""Two unpaired tables of one data set: every other image as it is, the others changed."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from torch import Tensor

from pipeline.data.originals import Originals, Split

Change = Callable[[Tensor], Tensor]  # uint8 [N, C, H, W] to the same


def halves(whole: Originals, change: Change) -> Originals:
    """The images at even places, and in the table `other` what `change` makes of those at odd places."""
    first, second = (
        replace(whole, **{part: _half(getattr(whole, part), odd, how) for part in ("train", "test")})
        for odd, how in ((0, None), (1, change))
    )
    return replace(first, others={"other": second})


def _half(split: Split, odd: int, change: Change | None) -> Split:
    def batches() -> Iterator[Tensor]:
        start = 0
        for batch in split.batches():
            half = batch[(odd - start) % 2 :: 2]
            if len(half):
                yield half if change is None else change(half)
            start += len(batch)

    return Split(split.labels[odd::2], batches)
