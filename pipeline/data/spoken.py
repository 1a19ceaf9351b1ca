"""The ten digits spoken by espeak-ng and flite: by many voices, each at some pitches and speeds.

Both programs are free and small: Debian has them. The voices of the test are others than those of training.
"""

import subprocess
import wave
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import resample_poly

from pipeline.data.originals import Originals, Split
from pipeline.data.progress import items_bar
from pipeline.errors import RunError, UserError
from pipeline.fields import Field, mel
from pipeline.files import atomic_path
from pipeline.kinds.mel import stored
from pipeline.kinds.shared.spectrum import Spectrum

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CLASSES = [str(digit) for digit in range(10)]
RATE, SAMPLES = 8_000, 8_192  # a second and a little of it
DECIBELS = (-70.0, -10.0)
_SILENT = 0.01  # of a word's peak: what is quieter at either end is cut off
_BATCH = 100  # words at a time

ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029")
SPEAKERS = {  # espeak-ng's men and women, each in all accents
    "train": ("m1", "m2", "m4", "m5", "m6", "f1", "f2", "f4"),
    "test": ("m3", "m7", "f3", "f5"),
}
FLITE = {"train": ("kal", "rms"), "test": ("awb", "slt")}
PITCHES = {"espeak-ng": ("25", "50", "75"), "flite": ("90", "125", "180")}  # of 0 to 99; hertz
SPEEDS = {"espeak-ng": ("120", "150", "180"), "flite": ("1.3", "1.1", "0.9")}  # words a minute; stretched


class Voice(NamedTuple):
    """Who speaks: a program, its name for the voice, and which part the voice's words belong to."""

    program: Literal["espeak-ng", "flite"]
    name: str
    part: Literal["train", "test"]


VOICES = [
    *(
        Voice("espeak-ng", f"{accent}+{speaker}", part)
        for part, speakers in SPEAKERS.items()
        for speaker, accent in product(speakers, ACCENTS)
    ),
    *(Voice("flite", name, part) for part, names in FLITE.items() for name in names),
]


def download(raw: Path) -> None:
    """Have all words spoken; UserError where a program is missing.

    sounds.npy int16 [T] has them one after the other, at RATE. Of each word lengths.npy [N] tells how many of
    those samples it has, labels.npy [N] its class, test.npy bool [N] whether its voice is of the test.
    """
    with TemporaryDirectory() as folder:
        for voice in {voice.program: voice for voice in VOICES}.values():  # what is missing is told at once
            said(voice, WORDS[0], PITCHES[voice.program][0], SPEEDS[voice.program][0], Path(folder))
        words = [
            (label, *how)
            for voice in VOICES
            for label, *how in product(
                range(len(WORDS)), [voice], PITCHES[voice.program], SPEEDS[voice.program]
            )
        ]
        sounds = []
        with items_bar() as bar:
            task = bar.add_task("words", total=len(words))
            for label, voice, pitch, speed in words:
                sounds.append(trimmed(said(voice, WORDS[label], pitch, speed, Path(folder))))
                bar.advance(task)
    with atomic_path(raw) as part:
        part.mkdir()
        np.save(part / "sounds.npy", np.concatenate(sounds))
        np.save(part / "lengths.npy", np.array([len(sound) for sound in sounds]))
        np.save(part / "labels.npy", np.array([label for label, *_ in words]))
        np.save(part / "test.npy", np.array([voice.part == "test" for _, voice, *_ in words]))


def said(voice: Voice, word: str, pitch: str, speed: str, folder: Path) -> NDArray[np.int16]:
    """What a voice makes of a word, int16 [T] at RATE; UserError where its program is missing.

    RunError where that fails. `folder` is for files that are read at once.
    """
    file = folder / "word.wav"
    options = {
        "espeak-ng": ["-v", voice.name, "-p", pitch, "-s", speed, "-w", str(file), word],
        "flite": [
            *("-voice", voice.name, "--setf", f"int_f0_target_mean={pitch}"),
            *("--setf", f"duration_stretch={speed}", "-t", word, "-o", str(file)),
        ],
    }
    command = [voice.program, *options[voice.program]]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
        with wave.open(str(file)) as sound:
            rate = sound.getframerate()
            samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    except FileNotFoundError as error:
        raise UserError(
            f"data.dataset: spoken_digits needs {error.filename}, which is not here: "
            "`apt install espeak-ng flite`"
        ) from None
    except subprocess.CalledProcessError as error:
        raise RunError(f"`{' '.join(command)}` failed: {' '.join(error.stderr.split())}") from None
    except (wave.Error, EOFError) as error:
        raise RunError(f"`{' '.join(command)}` gave no sound: {error}") from None
    even = np.gcd(rate, RATE)
    scaled = resample_poly(samples.astype(np.float64), RATE // even, rate // even)
    return np.clip(np.rint(scaled), -(2**15), 2**15 - 1).astype(np.int16)


def trimmed(sound: NDArray[np.int16]) -> NDArray[np.int16]:
    """Without the silence at either end of [T]; at most SAMPLES."""
    loud = np.abs(sound.astype(np.int32))
    places = np.flatnonzero(loud > _SILENT * loud.max())
    if not len(places):
        raise RunError("a voice of espeak-ng or flite says nothing: install them anew")
    return sound[places[0] : places[-1] + 1][:SAMPLES]


def field_of(size: int) -> Field:
    """Mels of `size` bands and as many frames, which take SAMPLES; a window is four frames long."""
    hop = SAMPLES // size
    return mel(size, size, RATE, hop, 4 * hop, DECIBELS)


def originals(raw: Path, size: int) -> Originals:
    """The mels of all words; UserError where what `download` brought is missing or damaged."""
    try:
        sounds, lengths, labels, test = (
            np.load(raw / f"{name}.npy") for name in ("sounds", "lengths", "labels", "test")
        )
        each = np.split(sounds, np.cumsum(lengths)[:-1])
        field = field_of(size)
        train, held_out = (_split(each, labels, np.flatnonzero(rows), field) for rows in (~test, test))
    except (OSError, ValueError, TypeError, IndexError):
        raise UserError(f"{raw} is missing or damaged: run `python -m stages.download`") from None
    return Originals(CLASSES, 1, train, held_out, field=field)


def _split(
    sounds: list[NDArray[np.int16]], labels: NDArray[np.int64], rows: NDArray[np.int64], field: Field
) -> Split:
    spectrum = Spectrum.of(field)

    def batches() -> Iterator[torch.Tensor]:
        for start in range(0, len(rows), _BATCH):
            mels = np.stack([spectrum.mel(placed(sounds[row])) for row in rows[start : start + _BATCH]])
            yield torch.from_numpy(stored(field, mels[:, None]))

    return Split(labels[rows], batches)


def placed(sound: NDArray[np.int16]) -> NDArray[np.float64]:
    """A word in the middle of SAMPLES, its peak at 1: float64."""
    before = (SAMPLES - len(sound)) // 2
    return np.pad(sound / np.abs(sound.astype(np.float64)).max(), (before, SAMPLES - len(sound) - before))
