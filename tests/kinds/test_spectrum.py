"""Mels and sounds: what a tone looks like, and that a sound made of a mel has that mel."""

import numpy as np
import pytest

from pipeline.data.spoken import field_of
from pipeline.kinds.shared import spectrum
from pipeline.kinds.shared.spectrum import Spectrum

SPECTRUM = Spectrum.of(field_of(64))


def tone(hertz: float, begin: int, end: int) -> np.ndarray:
    """One of amplitude 1, from a sample on to another."""
    at = np.arange(SPECTRUM.samples)
    return np.where((begin <= at) & (at < end), np.sin(2 * np.pi * hertz / SPECTRUM.rate * at), 0)


def test_a_tone_is_a_line_high_up_where_it_is_high_and_as_long_as_it_lasts() -> None:
    top = 2595 * np.log10(1 + 4000 / 700)
    for band in (20, 50):  # from the lowest
        hertz = 700 * (10 ** (top * (band + 1) / 65 / 2595) - 1)
        mel = SPECTRUM.mel(0.1 * tone(hertz, 16 * 128, 48 * 128))
        assert mel[:, 32].argmax() == 63 - band
        decibels = -70 + 60 * (mel[63 - band, 20:44] + 1) / 2
        assert -20 <= decibels.min() <= decibels.max() <= -14
        assert (mel[:, [0, 13, 51, 63]] == -1).all()


def test_the_sound_of_a_mel_has_that_mel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within 1.5 dB where it is loud; with the phases that it begins with it has another one."""
    sound = 0.3 * (tone(300, 1000, 5000) + tone(620, 2000, 6000) + tone(1900, 3000, 7000))
    mel = SPECTRUM.mel(sound)

    def error() -> float:
        made = SPECTRUM.sound(mel)
        assert made.shape == sound.shape
        return 30 * np.abs(SPECTRUM.mel(made) - mel)[mel > -0.5].mean()

    assert error() < 1.5
    made, wanted = (np.sqrt((each**2).mean()) for each in (SPECTRUM.sound(mel), sound))
    assert made == pytest.approx(wanted, rel=0.3)
    assert np.array_equal(SPECTRUM.sound(mel), SPECTRUM.sound(mel))
    monkeypatch.setattr(spectrum, "ITERATIONS", 0)
    assert error() > 2
