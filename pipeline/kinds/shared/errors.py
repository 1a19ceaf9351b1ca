"""What the consumer's side says when something asked for can't be done."""


def one_line(text: str) -> str:
    """Return `text` on one line; what would break the line or steer a terminal becomes a space."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


class InferenceError(Exception):
    """The file, the option or the machine can't do what was asked: one line, exit code 2.

    The message often quotes a file's metadata or another library's error, hence `one_line`.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))
