"""Exceptions of the harness: one base, one line of text each, no traceback for a user."""


class ShiftbenchError(Exception):
    """Base of all errors that a user may see: what was found, what was expected, what to do."""


class InputError(ShiftbenchError):
    """A name, option or file from outside is wrong."""


class ModelError(ShiftbenchError):
    """A model gave something that cannot be scored."""


class StoreError(ShiftbenchError):
    """The store cannot be read or written."""


class Undefined(ShiftbenchError):  # noqa: N818 - a state, not a fault
    """A number does not exist for these data; the text says why, and the number is reported as undefined."""


class Skipped(ShiftbenchError):  # noqa: N818 - a state, not a fault
    """A node cannot be made here; the run goes on without it.

    The text is the reason; `command` is the command that would help, "" if none would.
    """

    def __init__(self, reason: str, command: str = "") -> None:
        super().__init__(reason)
        self.command = command


class MissingData(Skipped):
    """A public file is not here and was not fetched."""
