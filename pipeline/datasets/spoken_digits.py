"""The data set `spoken_digits`: the ten digits as log-mel spectrograms, spoken by espeak-ng and flite."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from pipeline.params import DataParams

if TYPE_CHECKING:
    from pipeline.data.originals import Originals


class Params(DataParams):
    """`size`: bands, and frames of a second. The test words are of voices of their own."""

    library: ClassVar = "scipy"
    plain: ClassVar = False

    @model_validator(mode="after")
    def _is_a_size_of_a_mel(self) -> Self:
        if self.size not in (32, 64):
            raise ValueError(f"`size`: spoken_digits has 32 or 64 bands and as many frames, not {self.size}")
        if self.channels == 3:
            raise ValueError("`channels`: sounds have no colours: 1, or null")
        return self


def download(data: Params, raw: Path) -> None:
    """Have the words spoken into `raw`; UserError says what to install where a program is missing."""
    from pipeline.data import spoken

    spoken.download(raw)


def load(data: Params, raw: Path) -> "Originals":
    """Measure what `download` had spoken."""
    from pipeline.data import spoken

    return spoken.originals(raw, data.size)
