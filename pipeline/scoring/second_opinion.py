"""The key figures again, as a judge of another architecture and seed sees them.

A generator that looks good to one judge alone has found that judge's weakness.
"""

from typing import Any

from pipeline.scoring.candidates import look_at
from pipeline.scoring.evidence import Evidence
from pipeline.scoring.fid import fid
from pipeline.scoring.fid_interval import fid_interval
from pipeline.scoring.label_accuracy import accuracy_interval, label_accuracy
from pipeline.streams import seed_of


def second_opinion(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """FID, and where there are labels the label accuracy, of the same images in the second judge's eyes."""
    judge = evidence.second_judge
    contestants = {
        who: look_at(judge, seen.images, seen.labels) for who, seen in evidence.contestants().items()
    }
    test = look_at(judge, evidence.test.images, evidence.test.labels)
    fake, seed = contestants["value"], seed_of(evidence.seed, "scores of distance")
    low, high = fid_interval(fake.features, test.features, seed)
    distances = {who: fid(seen.features, test.features) for who, seen in contestants.items()}
    figures = {"second_judge_fid": distances | {"low": low, "high": high}}
    if fake.labels is not None:
        # it has learnt the training images' labels by heart: only the test images show what it can do
        accuracy = {
            who: label_accuracy(seen.logits, seen.labels)
            for who, seen in (contestants | {"real": test}).items()
        }
        low, high = accuracy_interval(fake.logits, fake.labels)
        figures["second_label_accuracy"] = accuracy | {"low": low, "high": high}
    return figures
