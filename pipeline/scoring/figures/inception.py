"""Standard Inception FID and KID, where there are weights for them."""

from pipeline.scoring.evidence import Evidence
from pipeline.scoring.figure import About, Figure

FIGURES = {
    "inception_fid": About(
        place=50,
        title="Inception-FID",
        good="low",
        explanation="The standard FID, in features of an Inception network trained on photographs.",
    ),
    "inception_kid": About(
        place=51,
        title="Inception-KID",
        good="0",
        explanation="The standard KID, in the same features.",
    ),
}
NEEDS = {"fake", "inception"}
ORDER = 160


def measure(evidence: Evidence) -> dict[str, Figure]:
    """Samples beside real images. Noise is left out: it would take a third longer."""
    network = evidence["inception"]
    fid, kid, deviation = network.distances(evidence["fake"].images)
    real_fid, real_kid, _ = network.real
    return {
        "inception_fid": {"value": fid, "real": real_fid, "noise": None},
        "inception_kid": {"value": kid, "real": real_kid, "noise": None, "deviation": deviation},
    }
