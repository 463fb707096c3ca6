"""Why an entry is not taken: a documented code and one line."""

from shiftbench.errors import InputError


class Refused(InputError):  # noqa: N818 - a verdict
    """An entry breaks a rule; `code` names the rule, `text` says what was found, what was expected, what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.text = code, message
