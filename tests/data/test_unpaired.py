"""Two tables of one data set: no image is in both, and each keeps its label."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.data.originals import Originals, Split
from pipeline.data.unpaired import halves


def split_in(sizes: list[int]) -> Split:
    """Images of one pixel that say their place, in batches of these sizes."""
    count = sum(sizes)
    places = torch.arange(count, dtype=torch.uint8).reshape(-1, 1, 1, 1)
    return Split(np.arange(count), lambda: iter(places.split(sizes)))


@given(st.lists(st.integers(1, 7), min_size=1, max_size=6))
def test_every_other_image_goes_to_the_other_table_with_its_label(sizes: list[int]) -> None:
    whole = Originals(["a"], 1, split_in(sizes), split_in([3, 1]))
    first = halves(whole, lambda images: 255 - images)
    for table, changed in ((first, False), (first.others["other"], True)):
        shown = [batch.flatten() for batch in table.train.batches()]
        places = torch.cat(shown).long() if shown else torch.zeros(0, dtype=torch.int64)
        assert (255 - places if changed else places).tolist() == table.train.labels.tolist()
    together = [*first.train.labels, *first.others["other"].train.labels]
    assert sorted(together) == list(range(sum(sizes)))
