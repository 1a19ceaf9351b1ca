"""Sounds as log-mel spectrograms and back: short-time Fourier transform, mel filters, Griffin-Lim.

A sound is float [T], about -1 to 1. Its frames are `hop` samples apart and `window` long, under a Hann
window; the middle of frame i is that of the samples from i * hop to (i + 1) * hop, and what lies beyond the
sound is silent. A mel is [bands, frames] as it is drawn: the highest band is the first row.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from pipeline.fields import Field

ITERATIONS = 60  # of Griffin-Lim
MOMENTUM = 0.99  # Perraudin et al. 2013, where it is called alpha
FITTED = 100  # updates of the magnitudes
TINY = 1e-9


@dataclass(frozen=True)
class Spectrum:
    """How sounds are measured.

    rate: samples a second; hop, window: samples, the window a multiple of the hop; bands and frames: of a
    mel; low, high: decibels at -1 and at 1, where a sine of amplitude 1 has 0, and up to 6 in a wide band.
    """

    rate: int
    hop: int
    window: int
    bands: int
    frames: int
    low: float
    high: float

    @classmethod
    def of(cls, field: Field) -> Self:
        """That of a field of the kind mel."""
        about, (_, bands, frames) = field.about, field.shape
        return cls(about["rate"], about["hop"], about["window"], bands, frames, *about["decibels"])

    @property
    def samples(self) -> int:
        """Of a sound that fills all frames."""
        return self.frames * self.hop

    def mel(self, sound: np.ndarray) -> np.ndarray:
        """The mel of a sound [samples]: float64 [bands, frames] in [-1, 1]."""
        around = (self.window - self.hop) // 2
        seen = np.abs(self._transformed(np.pad(sound, around))) @ self._filters.T
        decibels = 20 * np.log10(np.maximum(seen.T[::-1], TINY))
        return np.clip(2 * (decibels - self.low) / (self.high - self.low) - 1, -1, 1)

    def sound(self, mel: np.ndarray) -> np.ndarray:
        """A sound with this mel [bands, frames]: float64 [samples].

        The phases come from fast Griffin-Lim (Griffin and Lim 1984; Perraudin et al. 2013, algorithm 2).
        """
        magnitudes = self._magnitudes(mel)
        angles = 2 * np.pi * np.random.default_rng(0).random(magnitudes.shape)
        phases, before = np.exp(1j * angles), np.zeros(1)
        for _ in range(ITERATIONS):
            now = self._transformed(self._padded_sound(magnitudes * phases))
            ahead = now + MOMENTUM * (now - before)
            phases, before = ahead / np.maximum(np.abs(ahead), TINY), now
        around = (self.window - self.hop) // 2
        return self._padded_sound(magnitudes * phases)[around : around + self.samples]

    def _magnitudes(self, mel: np.ndarray) -> np.ndarray:
        """Magnitudes [frames, bins], none below 0, whose mel is nearest to this one.

        By the multiplicative updates of Lee and Seung 2001, theorem 1.
        """
        decibels = self.low + (mel[::-1].T.astype(np.float64) + 1) / 2 * (self.high - self.low)
        wanted = 10 ** (decibels / 20) @ self._filters
        own = self._filters.T @ self._filters
        found = wanted.copy()
        for _ in range(FITTED):
            found *= wanted / np.maximum(found @ own, TINY)
        return found

    def _transformed(self, padded: np.ndarray) -> np.ndarray:
        """The frames of a padded sound, transformed: complex [frames, bins]; a sine of amplitude 1 has 1."""
        blocks = padded.reshape(-1, self.hop)
        times = self.window // self.hop
        framed = np.concatenate([blocks[index : index + self.frames] for index in range(times)], axis=1)
        return np.fft.rfft(framed * self._hann, axis=1) * (2 / self._hann.sum())

    def _padded_sound(self, transformed: np.ndarray) -> np.ndarray:
        """The sound whose frames are nearest to these, padded (Griffin and Lim 1984, eq. (6))."""
        framed = np.fft.irfft(transformed * (self._hann.sum() / 2), self.window, axis=1) * self._hann
        weights = np.broadcast_to(self._hann**2, framed.shape)
        return self._overlapped(framed) / np.maximum(self._overlapped(weights), TINY)

    def _overlapped(self, framed: np.ndarray) -> np.ndarray:
        """The sum of frames [frames, window], each at its place."""
        times = self.window // self.hop
        blocks = np.zeros((self.frames + times - 1, self.hop))
        for index in range(times):
            blocks[index : index + self.frames] += framed[:, index * self.hop : (index + 1) * self.hop]
        return blocks.ravel()

    @cached_property
    def _hann(self) -> np.ndarray:
        return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.window) / self.window)

    @cached_property
    def _filters(self) -> np.ndarray:
        """Triangles [bands, bins] of height 1, equally wide in mel, from 0 to half the rate."""
        top = 2595 * math.log10(1 + self.rate / 2 / 700)  # O'Shaughnessy 1987
        edges = 700 * (10 ** (np.linspace(0, top, self.bands + 2) / 2595) - 1)
        bins = np.fft.rfftfreq(self.window, 1 / self.rate)
        below, middle, above = edges[:-2, None], edges[1:-1, None], edges[2:, None]
        rising, falling = (bins - below) / (middle - below), (above - bins) / (above - middle)
        return np.maximum(np.minimum(rising, falling), 0)
