"""Classification accuracy score (Ravuri & Vinyals 2019): train on samples, test on real images."""

from pipeline.params import JudgeParams
from pipeline.scoring.candidates import Candidate
from pipeline.scoring.judge import Judge
from pipeline.scoring.judge_networks import JudgeShape, convolutional, initialise
from pipeline.scoring.judge_training import fit

# Half the judge, so that two trainings take seconds; with 10,000 real MNIST digits it reaches 99.0 %.
WIDTH, EPOCHS, BATCH, LR = 16, 10, 128, 4e-3


def train_on(candidate: Candidate, test: Candidate, seed: int) -> float:
    """The accuracy on labelled `test` images of a fresh classifier that saw nothing but `candidate`.

    Both have labels.
    """
    shape = JudgeShape(candidate.images.shape[1], candidate.images.shape[2], test.logits.shape[1])
    network = initialise(convolutional(shape, WIDTH), seed)
    params = JudgeParams(
        architecture="convolutional", seed=seed, epochs=EPOCHS, batch=BATCH, lr=LR, min_accuracy=0.0
    )
    fit(network, candidate.images, candidate.labels, params, title="train, then test on real")
    _, logits = Judge(network, {"shape": vars(shape)}).features_and_logits(test.images)
    return float((logits.argmax(axis=1) == test.labels).mean())
