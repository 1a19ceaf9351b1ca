"""A turn: how far the run is, whose the random numbers are, and what is kept for the history."""

from typing import Any

import pytest
import torch

from pipeline import fields
from pipeline.streams import stream
from pipeline.turn import Turn


def turn(**changes: Any) -> Turn:
    """The eleventh batch of a run of eight steps; this rank has rows 2 and 3 of six."""
    known = {"batch": {}, "index": 10, "step": 2, "steps": 8, "optimisers": {}, "seed": 5}
    own = {"device": torch.device("cpu"), "size": 6, "share": slice(2, 4)}
    return Turn(**known | own | changes)


def test_progress_is_the_share_of_the_run_that_is_behind() -> None:
    assert [turn(step=step).progress for step in (0, 2, 8)] == [0, 0.25, 1]


def test_a_rank_draws_its_rows_of_the_whole_batch() -> None:
    whole = torch.randn(6, 3, generator=stream(5, "latent", 10))
    assert torch.equal(turn().draw(fields.latent(3, "normal")), whole[2:4])
    assert torch.equal(turn(share=slice(None)).draw(fields.latent(3, "normal")), whole)


def test_a_ranks_own_stream_is_no_other_ranks() -> None:
    first, second = (torch.rand(4, generator=turn(own=own).stream("noise")) for own in ("", " of rank 1"))
    assert torch.equal(first, torch.rand(4, generator=stream(5, "noise", 10)))
    assert torch.equal(second, torch.rand(4, generator=stream(5, "noise of rank 1", 10)))


def test_what_is_noted_is_kept_without_its_graph() -> None:
    one, weight = turn(), torch.tensor(2.0, requires_grad=True)
    one.note(g_loss=3 * weight, d_loss=weight)
    one.note(d_loss=5 * weight)
    assert {name: value.item() for name, value in one.notes.items()} == {"g_loss": 6, "d_loss": 10}
    assert not any(value.requires_grad for value in one.notes.values())


@pytest.mark.parametrize("changes", [{"index": 11}, {"seed": 6}])
def test_another_batch_and_another_seed_draw_other_numbers(changes: dict[str, int]) -> None:
    kind = fields.latent(3, "normal")
    assert not torch.equal(turn().draw(kind), turn(**changes).draw(kind))
    assert not torch.equal(turn().draw(kind), turn().draw(kind, "posterior"))
