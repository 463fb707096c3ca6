"""Pictures of a world: letters, laws and ladders say what the manifest holds, and nothing where it holds none."""

import re

import numpy as np
import pandas as pd
import pytest

from shiftbench.report import page, world, world_drawings
from simulators import grammar, motif
from simulators.contract import Assay, Genome, Program, Rule, World
from tests.shiftbench.test_report import MANIFEST, Reader, simulated

CELLS = ("k", "h")
IDS = motif.vertebrate_ids()[:4]


def tiny() -> World:
    """A world of four motifs and one pair, never evaluated."""
    none = tuple((0.0,) * len(IDS) for _ in CELLS)
    program = Program(
        release=motif.RELEASE,
        identity="00",
        cells=CELLS,
        public=IDS,
        dark=(),
        tail=1e-4,
        temperature=1.0,
        motif_weights=((0.1, -2.0, 0.5, 0.0), (0.2, -1.0, 0.7, 0.1)),
        orientation_weights=none,
        position_weights=none,
        dark_weights=none,
        pairs=((0, 2),),
        pair_weights=((1.5,), (-0.5,)),
        pair_reach=40.0,
        rules=(Rule(spacing=(12.0,), spread=(3.0,), strand=(0.5,)),),
        shares=(),
        centers=(),
        scales=(),
        total_center=(),
        total_scale=(),
        link_offset=0.5,
        link_center=(),
        link_scale=(),
    )
    genome = Genome(length=20, left="", right="", gc_mean=0.5, gc_sd=0.1, plants=1, motifs=IDS, abundance=(1.0,) * 4)
    sizes = dict.fromkeys(("shared_size", "dna_depth", "rna_depth", "dna_size", "rna_size"), 1.0)
    return World(genome=genome, program=program, assay=Assay(replicates=2, barcode_mean=9, barcode_size=2, **sizes))


@pytest.fixture(scope="module")
def manifest():
    law = {"low": 0.0, "high": 10.0, "count": [50, 40, 9, 1]}
    facts = {
        "shift/mpra/world0/iid/test": {
            "rows": {"test": 969},
            "drawn": {"test": 1000},
            "laws": {"GC": law, "f, k": law},
        },
        "shift/mpra/world0/gc:2/test": {"severity": 0.151, "parameter": {"gc_mean": 0.58, "overlap": 0.9}},
        "shift/mpra/world0/gc:5/test": {"severity": 0.75, "parameter": {"gc_mean": 0.81, "overlap": 0.01}},
        "shift/mpra/world0/rewiring:reverse/test": {"severity": 2.0, "parameter": {"angle": 3.14}},
        "shift/mpra/world0/gc+depth:2/test": {"severity": 0.15, "parameter": {"gc.gc_mean": 0.58}},
        "shift/mpra/world1/gc:2/test": {"severity": 0.15, "parameter": {"gc_mean": 0.99}},
        "shift/other/world0/gc:3/test": {"severity": 0.3, "parameter": {"gc_mean": 0.98}},
    }
    return {"worlds": {"mpra": tiny().to_json().decode()}, "facts": facts}


@pytest.fixture(scope="module")
def parts(manifest):
    (section,) = world.pictures(manifest)
    assert section.closed
    return {part.anchor: part for part in section.parts}


def rows(part):
    return [[entry.text for entry in row] for row in part.tables[0].rows]


def test_motifs_come_by_the_size_of_their_weights(parts):
    names = motif.load(IDS).names
    told = rows(parts["motifs"])
    assert [row[0] for row in told] == [f"{names[k]} {IDS[k]}" for k in (1, 2, 0, 3)]
    assert told[0][3:] == ["−2.00", "−1.00"]
    assert len(parts["motifs"].figures) == 4


def test_letters_of_a_column_are_as_high_as_its_information():
    shape = np.array([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4])
    axes = world_drawings.Figure().add_axes((0, 0, 1, 1))
    world_drawings._letters(axes, shape)
    boxes = [patch.get_path().get_extents() for patch in axes.patches]
    tall = {column: sum(box.height for box in boxes if int(box.x0) == column) for column in range(3)}
    assert tall == pytest.approx({0: 2.0, 1: 1.0, 2: 0.0}, abs=1e-6)
    assert world_drawings.consensus(shape) == "AAa"
    assert world_drawings.consensus(np.array([[0.2, 0.4, 0.3, 0.1]])) == "c"


def test_spacing_is_the_law_of_the_program(parts):
    program = tiny().program
    alt = re.search(r'aria-label="(.*?)"', parts["pairs"].figures[0])[1]
    first, last = grammar.spacing_law(program, 0, np.array([4.0, 49.0]))
    assert f"from {first:.3g} to {last:.3g}" in alt
    assert rows(parts["pairs"])[0][1:] == ["12.0", "3.0", "0.50", "1.50", "−0.50"]


def test_laws_are_those_of_the_plain_test_set(parts):
    assert rows(parts["laws"]) == [
        [name, "0.000", "1.250", "1.250", "6.250", "10.000", "100"] for name in ("GC", "f, k")
    ]  # half of 100 lie in the first of four bins, 95 % in the third
    assert len(parts["laws"].figures) == 2


def test_ladders_are_of_this_world_and_task_without_arms_and_compounds(parts):
    told = rows(parts["ladders"])
    assert [row[:3] for row in told] == [["gc", "2", "0.151"], ["gc", "5", "0.750"], ["rewiring", "reverse", "2.000"]]
    assert told[0][3] == "gc_mean 0.58, overlap 0.9"
    (figure,) = parts["ladders"].figures
    assert "gc_mean from 0.58 to 0.81" in figure
    assert "severity, 0.151 to 0.75" in figure


def test_parameters_of_another_size_are_left_to_the_table():
    ladder = [(0.1, {"rate": 0.1, "near": 0.4, "most": 90.0}), (0.2, {"rate": 0.2, "near": 0.5, "most": 600.0})]
    assert [curve.name for curve in world._rung_curves(ladder)] == ["rate", "near"]


def test_page_shows_the_pictures_behind_a_click_with_a_table_beside_each_figure(manifest):
    text = page.render(pd.DataFrame(simulated()), MANIFEST | manifest)
    assert Reader(text).open == []
    ids = [attributes["id"] for _, attributes in Reader(text).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    section = re.search(r'<section id="mpra-world">(.*?)</section>', text, re.DOTALL)[1]
    assert section.index("<details>") < section.index("<svg")
    for part in section.split("<h3>")[1:]:
        assert part.count("<svg") >= 1
        assert "<table" in part
        assert "<figcaption>" in part
    assert "pictures of one world" not in page.render(pd.DataFrame(simulated()), MANIFEST)


def test_a_manifest_with_a_world_alone_shows_what_it_can():
    (section,) = world.pictures({"worlds": {"mpra": tiny().to_json().decode()}})
    assert [part.anchor for part in section.parts] == ["motifs", "pairs"]


def test_rows_that_were_not_measured_are_told(manifest):
    told = {row[0].text: row[1].text for row in page._data(manifest).rows}
    assert told["shift/mpra/world0/iid/test"] == (
        "test 969 rows of 1,000 drawn, 31 left out since they were not measured"
    )
    assert "left out" not in told["shift/mpra/world0/gc:2/test"]
