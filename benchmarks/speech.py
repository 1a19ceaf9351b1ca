"""Are generated words the right ones, as mels and as sounds, to a judge that learnt from other voices?

    python -m benchmarks.speech exported/speech.onnx [--samples 500]

The judge is the first of params.yaml, but trained here, on the test words: their speakers are none that the
generator learnt from. It names samples, as many of each digit, and beside them real words that were set
aside, of the voices that the generator did learn from: as mels; and as sounds, where each mel went through
Griffin-Lim and was measured anew. Prints a Markdown table of the shares named right, each with its 95 %
interval, and by how many decibels Griffin-Lim moves a mel where it is above a quarter of its range.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.data.prepared import Prepared
from pipeline.data.progress import items_bar
from pipeline.fields import Field
from pipeline.inference import Generator
from pipeline.kinds.mel import stored
from pipeline.kinds.shared.spectrum import Spectrum
from pipeline.loading import load
from pipeline.params import Params
from pipeline.places import prepared_dir
from pipeline.scoring.candidates import Images, generated, real, shuffled
from pipeline.scoring.judges.judge import Judge, shape_of
from pipeline.scoring.judges.networks import ARCHITECTURES, initialise
from pipeline.scoring.judges.training import fit
from pipeline.scoring.spread import of_mean
from pipeline.streams import seed_of

QUIET = -0.5  # of a mel from -1 to 1: what is below is not counted in decibels


def main() -> None:
    """Train the judge, let it name all words, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="an exported generator of sounds")
    parser.add_argument("--samples", type=int, default=500)
    arguments = parser.parse_args()
    params = load()
    prepared = Prepared.open(prepared_dir(params.data))
    judge = of_other_voices(params, prepared)
    field = prepared.fields["images"]
    spectrum = Spectrum.of(field)
    labels = np.arange(arguments.samples) % prepared.label_count
    words = {
        "generated": generated(Generator(arguments.file, device="cpu"), labels, len(labels), seed=0),
        "real": real(prepared, "aside", shuffled(prepared, "aside", arguments.samples, seed=0)),
    }
    print("| words | named right, as mels | as sounds | moved by |\n|---|---|---|---|")
    for title, spoken in words.items():
        heard = through_sound(field, spoken, title)
        cells = [told(judge, spoken), told(judge, heard), f"{moved(spectrum, spoken, heard):.2f} dB"]
        print(f"| {len(spoken):,} {title} | {' | '.join(cells)} |", flush=True)


def of_other_voices(params: Params, prepared: Prepared) -> Judge:
    """A judge that learnt from the test words alone."""
    settings, shape = (
        params.judges[params.evaluate.judge],
        shape_of((1, *[prepared.size] * 2), prepared.classes),
    )
    network = initialise(ARCHITECTURES[settings.architecture](shape), settings.seed)
    fit(network, prepared.images("test"), prepared.labels("test"), settings, title="judge of other voices")
    return Judge(network, {"shape": asdict(shape), "task": "classes"})


def through_sound(field: Field, spoken: Images, title: str) -> Images:
    """The mels of the sounds that are made of mels."""
    spectrum, mels = Spectrum.of(field), []
    with items_bar() as bar:
        task = bar.add_task(f"sounds: {title}", total=len(spoken))
        for (mel,) in spoken.images:
            mels.append(spectrum.mel(spectrum.sound(mel / 127.5 - 1)))
            bar.advance(task)
    return Images(stored(field, np.stack(mels)[:, None]), spoken.labels)


def told(judge: Judge, spoken: Images) -> str:
    """The share of words that the judge names right, with its interval."""
    right: NDArray[np.bool_] = judge.features_and_logits(spoken.images)[1].argmax(1) == spoken.labels
    figure = of_mean(right, None, seed_of(0, "speech"))
    return f"{figure['value']:.1%} ({figure['low']:.1%} - {min(figure['high'], 1):.1%})"


def moved(spectrum: Spectrum, before: Images, after: Images) -> float:
    """The mean difference in decibels where it is loud."""
    one, other = (each.images / 127.5 - 1 for each in (before, after))
    return float(np.abs(one - other)[one > QUIET].mean() * (spectrum.high - spectrum.low) / 2)


if __name__ == "__main__":
    main()
