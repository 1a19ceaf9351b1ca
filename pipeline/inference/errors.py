"""What the consumer's side says when something asked for can't be done."""


class InferenceError(Exception):
    """The file, the option or the machine can't do what was asked: one line, exit code 2.

    The message often quotes a file's metadata or another library's error; what would break the line or
    steer a terminal becomes a space.
    """

    def __init__(self, message: str) -> None:
        visible = "".join(character if character.isprintable() else " " for character in message)
        super().__init__(" ".join(visible.split()))
