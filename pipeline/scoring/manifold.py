"""How far two sets reach into each other: a mean over the samples, and one over the test images."""

from collections.abc import Callable

from numpy.typing import NDArray

from pipeline.scoring.evidence import Evidence, contestants, strata
from pipeline.scoring.figure import Figure
from pipeline.scoring.spread import draws_of_mean, with_intervals
from pipeline.streams import seed_of

# from the features of N samples [N, D] and of the M test images [M, D]: values [N] and [M]
Measure = Callable[[NDArray, NDArray], tuple[NDArray, NDArray]]


def of_samples_and_test(evidence: Evidence, measure: Measure) -> tuple[Figure, Figure]:
    """The mean over the samples and the mean over the test images, each with its spread."""
    test, seed = evidence["test"], evidence["seed"]
    means, draws = ({}, {}), ({}, {})
    for who, seen in contestants(evidence).items():
        values = measure(seen.features, test.features)
        # paired: the same draws of the test images for every generator
        purposes = f"draws of samples {who}", "draws of test images"
        for index, drawn in enumerate((seen, test)):
            means[index][who] = float(values[index].mean())
            draws[index][who] = draws_of_mean(
                values[index], strata(evidence, drawn), seed_of(seed, purposes[index])
            )
    return with_intervals(means[0], draws[0]), with_intervals(means[1], draws[1])
