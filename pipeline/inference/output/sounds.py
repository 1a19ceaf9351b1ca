"""Mels as sounds: .wav files, 16 bits, mono."""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.inference import console, files
from pipeline.inference.contract.network import Network
from pipeline.inference.errors import InferenceError
from pipeline.inference.output import targets
from pipeline.inference.output.drawing import Asked, Output, may_write
from pipeline.kinds.shared.spectrum import Spectrum

LOUDEST = 2**15 - 1  # of 16 bits


def write(network: Network, asked: Asked, out: str, output: Output) -> list[Path]:
    """Write all sounds into one file, one after the other, or into one file each; return the files."""
    if output.show:
        raise InferenceError(f"--show: is for pictures, not for --out {out}")
    if output.scale != 1:
        raise InferenceError(f"--scale {output.scale}: is for pictures; {out} holds a sound")
    each = targets.one_file_each(out)
    names = [Path(out)]
    if each:
        names = targets.files(out, network.description, asked.labels, asked.seeds, targets.SOUNDS)
    may_write(names, output)
    field = network.description.outputs[network.description.picture]
    sounds = _sounds(network, asked, Spectrum.of(field))
    groups = ([sound] for sound in sounds) if each else [list(sounds)]
    for name, group in zip(names, groups, strict=True):
        save(np.concatenate(group), field.about["rate"], name)
    return names


def _sounds(network: Network, asked: Asked, spectrum: Spectrum) -> Iterator[np.ndarray]:
    """Yield the samples of each seed's sound."""
    name = network.description.picture
    mels = (mel[0] for outputs in network.outputs(asked.seeds, asked.given) for mel in outputs[name])
    for each in console.progress((samples(spectrum.sound(mel))[None] for mel in mels), len(asked.seeds)):
        yield each[0]


def samples(sound: np.ndarray) -> np.ndarray:
    """Return a sound, float [T], as 16 bits; one that goes beyond 1 is softened as a whole."""
    return np.rint(sound / max(1, np.abs(sound).max()) * LOUDEST).astype("<i2")


def save(sound: np.ndarray, rate: int, target: Path) -> None:
    """Write samples of 16 bits [T], `rate` a second."""
    with files.appearing(target) as part, wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.tobytes())
