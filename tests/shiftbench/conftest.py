"""Fixtures that several tests of the harness share."""

import sys

import pytest

from shiftbench import cli


@pytest.fixture
def shiftbench(tmp_path, monkeypatch, capsys):
    """Call of the command line inside a folder of its own: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHIFTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SHIFTBENCH_STORE", raising=False)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["shiftbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return call
