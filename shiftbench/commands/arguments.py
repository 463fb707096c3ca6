"""Kinds of command-line options that several verbs share."""

from typing import Annotated

from cyclopts import Parameter

Names = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]
"""Any number of names after one option."""
Flag = Annotated[bool, Parameter(negative=())]
"""A switch that is off unless it is named."""
