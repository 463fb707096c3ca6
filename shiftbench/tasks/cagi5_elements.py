"""The 29 experiments of Kircher 2019 over 21 elements: strand, cell, vector, output asked, repeat, leakage."""

from dataclasses import dataclass
from typing import Literal

from shiftbench.tasks.lentimpra import SATURATED


@dataclass(frozen=True, slots=True)
class Element:
    """A regulatory element: `strand` of the sequence as it is shown to a model, `vector` of the MPRA.

    Promoters are read towards their gene (strand of the gene in GRCh37). The table does not say how enhancers were
    cloned, but its deletions do: one in a run of equal letters stands at the first letter of the run, read on the
    strand of the construct. So it is in every promoter and in SORT1-flip; of the enhancers IRF6 alone shows the -.
    """

    kind: Literal["promoter", "enhancer"]
    strand: Literal["+", "-"]
    vector: str

    @property
    def construct(self) -> str:
        """What drives the reporter, in words."""
        if self.kind == "promoter":
            return f"{self.vector}, a promoter that drives luciferase by itself, on an episome"
        return f"{self.vector}, an enhancer beside a promoter of the vector, on an episome"


ELEMENTS = {
    "F9": Element("promoter", "+", "pGL4.11c"),
    "FOXE1": Element("promoter", "+", "pGL4.11c"),
    "GP1BB": Element("promoter", "+", "pGL4.11c"),
    "HBB": Element("promoter", "-", "pGL4.11c"),
    "HBG1": Element("promoter", "-", "pGL4.11c"),
    "HNF4A": Element("promoter", "+", "pGL4.11c"),
    "LDLR": Element("promoter", "+", "pGL4.11b"),
    "MSMB": Element("promoter", "+", "pGL4.11c"),
    "PKLR": Element("promoter", "-", "pGL4.11c"),
    "TERT": Element("promoter", "-", "pGL4.11b"),
    "BCL11A": Element("enhancer", "+", "pGL4.23d"),
    "IRF4": Element("enhancer", "+", "pGL4.23d"),
    "IRF6": Element("enhancer", "-", "pGL4.23c"),
    "MYCrs11986220": Element("enhancer", "+", "pGL4.23d"),
    "MYCrs6983267": Element("enhancer", "+", "pGL4.23c"),
    "RET": Element("enhancer", "+", "pGL3c"),
    "SORT1": Element("enhancer", "+", "pGL4.23c"),
    "TCF7L2": Element("enhancer", "+", "pGL4.23d"),
    "UC88": Element("enhancer", "+", "pGL4.23c"),
    "ZFAND3": Element("enhancer", "+", "pGL4.23c"),
    "ZRS": Element("enhancer", "+", "pGL4Zc"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Output of a lentiMPRA model that predicts a cell, how near it comes to it, and why it and no other."""

    output: Literal["K562", "HepG2", "WTC11"]
    match: Literal["same", "proxy", "none"]
    why: str


CELLS = {
    "K562": Asked("K562", "same", "the cell of the experiment"),
    "HepG2": Asked("HepG2", "same", "the cell of the experiment"),
    "HEL 92.1.7": Asked("K562", "proxy", "both are erythroleukaemia lines, but not the same one"),
    "MIN6": Asked("HepG2", "proxy", "mouse beta cells share endodermal factors (HNF1, HNF4A, FOXA) with liver cells"),
    "LNCaP + DHT": Asked("HepG2", "proxy", "epithelial with FOXA1; the androgen receptor has no counterpart"),
    "HEK293T + LiCl": Asked("HepG2", "proxy", "LiCl turns on beta-catenin, which a mutation keeps on in HepG2"),
    "HEK293T": Asked("HepG2", "none", "no output is of kidney; HepG2 is the epithelial one"),
    "HaCaT": Asked("HepG2", "none", "no output is of skin; HepG2 is the epithelial one"),
    "HeLa": Asked("HepG2", "none", "no output is of cervix; HepG2 is the epithelial one"),
    "SK-MEL-28": Asked("WTC11", "none", "no output is of the neural crest; WTC11 is the least committed cell"),
    "Neuro-2a": Asked("WTC11", "none", "no output is neural, and the cell is of mouse; WTC11 is the least committed"),
    "SF7996": Asked("WTC11", "none", "no output is glial; WTC11 is the least committed cell and has active telomerase"),
    "NIH/3T3 + HOXD13": Asked("WTC11", "none", "no output is mesenchymal, and the cell is of mouse"),
    "NIH/3T3 + HOXD13 + HAND2": Asked("WTC11", "none", "no output is mesenchymal, and the cell is of mouse"),
}


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment: its element, cell, name in the table, name in the CAGI5 challenge ("" if not part of it).

    `repeat` names the experiment that repeats it in the same cell ("" for none), `remark` what a reader should know.
    `flipped`: the element was cloned the other way round.
    """

    element: str
    cell: str
    table: str
    challenge: str = ""
    repeat: str = ""
    remark: str = ""
    flipped: bool = False

    @property
    def strand(self) -> Literal["+", "-"]:
        """Strand of the genome that a model is shown as plain."""
        strand = ELEMENTS[self.element].strand
        return strand if not self.flipped else "-" if strand == "+" else "+"

    @property
    def asked(self) -> Asked:
        """Output of a lentiMPRA model that predicts it."""
        return CELLS[self.cell]

    @property
    def leakage(self) -> Literal["clean", "reference in training"]:
        """Whether an insert of the joint lentiMPRA library lies inside the element."""
        return "reference in training" if self.element in SATURATED.values() else "clean"


EXPERIMENTS = {
    "GP1BB": Experiment("GP1BB", "HEL 92.1.7", "GP1BA", "GP1BB", remark="the table calls it GP1BA"),
    "HBB": Experiment("HBB", "HEL 92.1.7", "HBB", "HBB"),
    "HBG1": Experiment("HBG1", "HEL 92.1.7", "HBG1", "HBG1"),
    "PKLR": Experiment("PKLR", "K562", "PKLR-48h", "PKLR", "PKLR-24h", "48 hours after transfection"),
    "PKLR-24h": Experiment("PKLR", "K562", "PKLR-24h", "", "PKLR", "24 hours after transfection"),
    "BCL11A": Experiment("BCL11A", "HEL 92.1.7", "BCL11A"),
    "F9": Experiment("F9", "HepG2", "F9", "F9"),
    "LDLR": Experiment("LDLR", "HepG2", "LDLR", "", "LDLR.2"),
    "LDLR.2": Experiment("LDLR", "HepG2", "LDLR.2", "LDLR", "LDLR", "the challenge calls it LDLR"),
    "SORT1": Experiment("SORT1", "HepG2", "SORT1", "SORT1", "SORT1.2"),
    "SORT1.2": Experiment("SORT1", "HepG2", "SORT1.2", "", "SORT1"),
    "SORT1-flip": Experiment(
        "SORT1", "HepG2", "SORT1-flip", "", "SORT1", "cloned the other way round, unlike its repeat SORT1", True
    ),
    "FOXE1": Experiment("FOXE1", "HeLa", "FOXE1"),
    "HNF4A": Experiment("HNF4A", "HEK293T", "HNF4A", "HNF4A"),
    "MSMB": Experiment("MSMB", "HEK293T", "MSMB", "MSMB", remark="GRCh38 has it reverse-complemented"),
    "MYCrs6983267": Experiment("MYCrs6983267", "HEK293T + LiCl", "MYCrs6983267", "MYC"),
    "MYCrs11986220": Experiment("MYCrs11986220", "LNCaP + DHT", "MYCrs11986220"),
    "IRF4": Experiment("IRF4", "SK-MEL-28", "IRF4", "IRF4"),
    "IRF6": Experiment("IRF6", "HaCaT", "IRF6", "IRF6"),
    "RET": Experiment("RET", "Neuro-2a", "RET"),
    "UC88": Experiment("UC88", "Neuro-2a", "UC88"),
    "TCF7L2": Experiment("TCF7L2", "MIN6", "TCF7L2"),
    "ZFAND3": Experiment("ZFAND3", "MIN6", "ZFAND3", "ZFAND3"),
    "TERT-HEK": Experiment("TERT", "HEK293T", "TERT-HEK", "TERT-HEK293T"),
    "TERT-GBM": Experiment("TERT", "SF7996", "TERT-GBM", "TERT-GBM", "TERT-GSc"),
    "TERT-GSc": Experiment(
        "TERT", "SF7996", "TERT-GSc", "", "TERT-GBM", "scrambled control of TERT-GAa, as inferred from its name"
    ),
    "TERT-GAa": Experiment(
        "TERT", "SF7996", "TERT-GAa", remark="knock-down of GABPA, as inferred from its name: a changed cell"
    ),
    "ZRSh-13": Experiment("ZRS", "NIH/3T3 + HOXD13", "ZRSh-13"),
    "ZRSh-13h2": Experiment("ZRS", "NIH/3T3 + HOXD13 + HAND2", "ZRSh-13h2"),
}
"""Experiments by the name used here: that of the table, save GP1BB and PKLR, which bear that of the challenge.

Source: Kircher et al. 2019, Nat Commun 10:3583 (list of elements, cells and vectors beside the published table).
"""
