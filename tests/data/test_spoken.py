"""Digits spoken by other programs: who is asked for what, what becomes of it, what is said without them."""

import wave
from pathlib import Path

import numpy as np
import pytest

from pipeline.data import spoken
from pipeline.data.spoken import RATE, SAMPLES, Voice
from pipeline.datasets import params_class
from pipeline.errors import RunError, UserError

CONTENT = {"dataset": "spoken_digits", "path": None, "test_fraction": None, "set_aside": 0, "pictures": None}
TWO = [Voice("espeak-ng", "en-us+m1", "train"), Voice("flite", "slt", "test")]


def stand_in(folder: Path, program: str, rate: int, hertz: int, spoken_to: str) -> None:
    """A program that keeps what it is told, and gives a third of a second of a tone, silence around it."""
    at = np.arange(rate)
    loud = (at > rate / 3) & (at < 2 * rate / 3)
    tone = np.rint(2**14 * loud * np.sin(2 * np.pi * hertz / rate * at)).astype("<i2")
    with wave.open(str(folder / f"{program}.wav"), "wb") as file:
        file.setparams((1, 2, rate, rate, "NONE", ""))
        file.writeframes(tone.tobytes())
    path = folder / program
    lines = ["#!/bin/sh", f'echo "$@" >> {path}.told', f"cp {path}.wav {spoken_to}", ""]
    path.write_text("\n".join(lines))
    path.chmod(0o755)


def test_words_are_asked_for_cut_out_and_placed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "espeak-ng", 22_050, 440, '"$8"')
    stand_in(tmp_path, "flite", 16_000, 880, '"${10}"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(spoken, "VOICES", TWO)
    monkeypatch.setattr(spoken, "WORDS", ("zero", "one"))
    spoken.download(tmp_path / "raw")
    told = [line.split() for line in (tmp_path / "espeak-ng.told").read_text().splitlines()]
    assert told[1][:6] == ["-v", "en-us+m1", "-p", "25", "-s", "120"]
    assert [line[-1] for line in told] == ["zero"] * 10 + ["one"] * 9
    told = [line.split() for line in (tmp_path / "flite.told").read_text().splitlines()]
    options = ["-voice", "slt", "--setf", "int_f0_target_mean=180", "--setf", "duration_stretch=0.9"]
    assert told[-1][:8] == [*options, "-t", "one"]
    found = spoken.originals(tmp_path / "raw", 64)
    assert found.train.labels.tolist() == found.test.labels.tolist() == [0] * 9 + [1] * 9
    lengths = np.load(tmp_path / "raw/lengths.npy")
    assert lengths == pytest.approx(RATE / 3, abs=40)
    for split, band in ((found.train, 16), (found.test, 27)):  # that of 440 and of 880 Hz
        (mels,) = split.batches()
        assert mels.shape == (18, 1, 64, 64)
        loud = np.flatnonzero(mels[0, 0].numpy().max(0) > 200)
        # a third of a second in the middle
        assert (loud.min() + loud.max()) / 2 == pytest.approx(31.5, abs=1)
        assert len(loud) == pytest.approx(RATE / 3 / 128, abs=4)
        assert mels[0, 0, :, 32].argmax() == 63 - band


def test_a_program_that_is_missing_or_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"spoken_digits needs espeak-ng, .*`apt install espeak-ng flite`"):
        spoken.download(tmp_path / "raw")
    (tmp_path / "espeak-ng").write_text("#!/bin/sh\necho no such voice >&2\nexit 1\n")
    (tmp_path / "espeak-ng").chmod(0o755)
    with pytest.raises(RunError, match=r"`espeak-ng -v en-.* failed: no such voice"):
        spoken.download(tmp_path / "raw")
    assert not (tmp_path / "raw").exists()
    with pytest.raises(UserError, match="raw is missing or damaged"):
        spoken.originals(tmp_path / "raw", 64)


def test_no_voice_of_the_test_is_trained_on_and_words_fit() -> None:
    speakers = {
        part: {voice.name.partition("+")[2] or voice.name for voice in spoken.VOICES if voice.part == part}
        for part in ("train", "test")
    }
    assert not speakers["train"] & speakers["test"]
    assert len(spoken.VOICES) == len(set(spoken.VOICES)) == 88
    long = np.full(3 * SAMPLES, 100, np.int16)
    assert spoken.placed(spoken.trimmed(long)).shape == (SAMPLES,)
    with pytest.raises(RunError, match="says nothing"):
        spoken.trimmed(0 * long)


@pytest.mark.parametrize("voice", TWO)
def test_the_programs_themselves_speak(tmp_path: Path, voice: Voice) -> None:
    try:
        words = [spoken.trimmed(spoken.said(voice, word, "90", "1", tmp_path)) for word in ("six", "nine")]
    except UserError:
        pytest.skip(f"{voice.program} is not installed")
    assert all(0.1 * RATE < len(word) < SAMPLES for word in words)
    assert len(words[0]) != len(words[1])


@pytest.mark.parametrize(
    ("change", "told"), [({"size": 128}, "has 32 or 64 bands"), ({"channels": 3}, "no colours")]
)
def test_what_mels_can_not_be_is_refused(change: dict[str, int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        params_class("spoken_digits")(**(CONTENT | {"size": 64, "channels": None} | change))
