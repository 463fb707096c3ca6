import pytest

from shiftbench import marks


def test_a_table_takes_the_place_between_its_marks(tmp_path):
    text = marks.markdown(["a", "b"], [["1", "x | y"]])
    assert text == "| a | b |\n| --- | --- |\n| 1 | x \\| y |\n"
    path = tmp_path / "README.md"
    path.write_text("before\n<!-- t -->\nold\n<!-- end of t -->\nafter\n")
    for _ in range(2):
        marks.write(path, "t", text)
        assert path.read_text() == f"before\n<!-- t -->\n{text}<!-- end of t -->\nafter\n"
    with pytest.raises(ValueError, match="no lines <!-- u --> and <!-- end of u -->; expected both"):
        marks.write(path, "u", text)
