"""Which of two generators' scores are better, beyond what chance explains."""

from collections.abc import Mapping
from typing import Any

# what decides, the first that both have: whether less is better
DECISIVE = {"judge_fid": True, "label_accuracy": False}


def decisive(scores: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Of the scores of details/scores.json, the figures that decide, each with `value`, `low` and `high`."""
    found = {}
    for key in DECISIVE:
        figure = scores.get(key)
        if isinstance(figure, Mapping) and isinstance(figure.get("value"), int | float):
            value = float(figure["value"])
            found[key] = {"value": value, **{end: float(figure.get(end, value)) for end in ("low", "high")}}
    return found


def is_better(new: Mapping[str, Mapping[str, float]], old: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether the first decisive figure that both have is better by its whole interval.

    Without one in common there is nothing to compare, and the old one stays.
    """
    for key, less_is_better in DECISIVE.items():
        if key in new and key in old:
            if less_is_better:
                return new[key]["high"] < old[key]["low"]
            return new[key]["low"] > old[key]["high"]
    return False
