"""What the consumer's side says when something asked for can't be done; the kinds of fields say it, too."""

from pipeline.kinds.shared.errors import InferenceError, one_line

__all__ = ["InferenceError", "one_line"]
