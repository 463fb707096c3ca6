"""Sixteen windows at a time: the scan of one motif with AVX-512 permutations, where the compilation target has them."""

import os
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic

LANES = 16
"""Windows weighed together; lane l holds the windows whose start is l modulo 16."""
WIDEST = 36
"""Letters of the widest motif that `weigh_wide` takes."""

_FLOAT, _INT, _LONG = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_FLOATS, _INTS = ir.VectorType(_FLOAT, LANES), ir.VectorType(_INT, LANES)
_ZERO = ir.Constant(_FLOATS, [0.0] * LANES)


def wide() -> bool:
    """Whether kernels may call `weigh_wide`: the target has AVX-512, and SHIFTBENCH_KERNEL is not `portable`.

    `ValueError` for any other value of SHIFTBENCH_KERNEL.
    """
    wanted = os.environ.get("SHIFTBENCH_KERNEL", "")
    if wanted not in ("", "portable"):
        raise ValueError(f"SHIFTBENCH_KERNEL: {wanted!r}; expected portable, or unset")
    return not wanted and _has_avx512(cpu_target.target_context)


def _has_avx512(context: Any) -> bool:
    """Whether machine code is made for a CPU with AVX-512; NUMBA_CPU_NAME and NUMBA_CPU_FEATURES decide it too."""
    return "+avx512f" in context.codegen().magic_tuple()[2].split(",")


def _weigh_wide(typing, code, known, runs, table, width, motif, cut, total, best, place, held):  # type: ignore[no-untyped-def]
    """As `simulators.scan._weigh`, bit for bit, with codes and tables of two letters.

    `code` and `known` int32; `table` float32 (motifs, 2 strands, pairs, 16); `width` at most `WIDEST`.
    """
    arguments = (code, known, runs, table, width, motif, cut, total, best, place, held)
    return types.int64(*arguments), _emit


weigh_wide: Any = intrinsic(_weigh_wide)


def _emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    if not _has_avx512(context):  # never called: see `wide`
        return context.get_constant(types.int64, 0)
    arrays = [
        context.make_array(kind)(context, builder, value) if isinstance(kind, types.Array) else None
        for kind, value in zip(signature.args, args, strict=True)
    ]
    scan = _Scan(builder, arrays, args)
    end = builder.append_basic_block("weighed")
    choice = builder.switch(builder.lshr(builder.add(args[4], _LONG(1)), _LONG(1)), end)
    for count in range(1, WIDEST // 2 + 1):  # unrolled, so that the tables of narrow motifs stay in registers
        block = builder.append_basic_block(f"pairs{count}")
        choice.add_case(_LONG(count), block)
        builder.position_at_end(block)
        scan.weigh(count)
        builder.branch(end)
    builder.position_at_end(end)
    return builder.load(scan.hits)


class _Scan:
    """What the instructions of every case share."""

    def __init__(self, builder: Any, arrays: Any, args: Any) -> None:
        self.builder = builder
        code, known, _, table, _, _, _, total, best, place, held = arrays
        _, _, self.runs, _, width, motif, cut, *_ = args
        self.code, self.known, self.table = code.data, known.data, table.data
        self.outputs, self.place, self.held = (total.data, best.data), place.data, held.data
        self.width, self.cut = self.splat(builder.trunc(width, _INT), _INTS), self.splat(cut, _FLOATS)
        self.rows, motifs, _ = cgutils.unpack_tuple(builder, total.shape)  # type: ignore[no-untyped-call]
        pairs = cgutils.unpack_tuple(builder, table.shape)[2]  # type: ignore[no-untyped-call]
        self.strand = builder.mul(pairs, _LONG(LANES))
        self.first = builder.mul(motif, builder.mul(self.strand, _LONG(2)))
        self.output, self.outputs_a_row = builder.mul(motif, _LONG(2)), builder.mul(motifs, _LONG(2))
        self.hits = cgutils.alloca_once_value(builder, _LONG(0))  # type: ignore[no-untyped-call]
        shape = ir.FunctionType(_FLOATS, [_FLOATS, _INTS])
        name = "llvm.x86.avx512.permvar.sf.512"
        self.permute = cgutils.get_or_insert_function(builder.module, shape, name)  # type: ignore[no-untyped-call]

    def weigh(self, count: int) -> None:
        """Scan with `count` tables of two letters a strand."""
        builder = self.builder
        starts = (self.first, builder.add(self.first, self.strand))
        tables = [[self.load(self.table, s, LANES * i, _FLOATS) for i in range(count)] for s in starts]
        with cgutils.for_range(builder, self.rows) as row:
            # total and best, of two strands each
            sums = [cgutils.alloca_once(builder, _FLOATS) for _ in range(4)]  # type: ignore[no-untyped-call]
            for cell in sums:
                builder.store(_ZERO, cell)
            begin = builder.mul(row.index, self.runs)
            with cgutils.for_range(builder, self.runs) as run:
                self.weigh_run(tables, builder.add(begin, run.index), sums)
            for i, cell in enumerate(sums):
                place = builder.add(builder.add(builder.mul(row.index, self.outputs_a_row), self.output), _LONG(i % 2))
                value = self.fold(builder.load(cell), builder.fadd if i < 2 else self.larger)
                builder.store(value, builder.gep(self.outputs[i // 2], [place]))

    def weigh_run(self, tables: Any, run: Any, sums: Any) -> None:
        """Sixteen windows on both strands; held if one is above the cut."""
        builder = self.builder
        start = builder.mul(run, _LONG(LANES))
        letters = [self.load(self.code, start, 2 * i, _INTS) for i in range(len(tables[0]))]
        whole = builder.icmp_signed(">=", self.load(self.known, start, 0, _INTS), self.width)
        weights = [builder.select(whole, self.product(table, letters), _ZERO) for table in tables]
        for weight, total, best in zip(weights, sums[:2], sums[2:], strict=True):
            builder.store(builder.fadd(builder.load(total), weight), total)
            builder.store(self.larger(builder.load(best), weight), best)
        above = builder.fcmp_ordered(">", self.larger(*weights), self.cut)
        some = builder.icmp_unsigned("!=", builder.bitcast(above, ir.IntType(LANES)), ir.IntType(LANES)(0))
        with builder.if_then(some, likely=False):
            hit = builder.load(self.hits)
            builder.store(builder.trunc(run, _INT), builder.gep(self.place, [hit]))
            for strand, weight in enumerate(weights):
                at = builder.gep(self.held, [builder.add(builder.mul(hit, _LONG(2 * LANES)), _LONG(strand * LANES))])
                builder.store(weight, builder.bitcast(at, _FLOATS.as_pointer()), align=4)
            builder.store(builder.add(hit, _LONG(1)), self.hits)

    def product(self, tables: Any, letters: Any) -> Any:
        """Blocks of two tables from the left, each multiplied first."""
        builder = self.builder
        pairs = [builder.call(self.permute, [t, x]) for t, x in zip(tables, letters, strict=True)]
        fours = [builder.fmul(*pairs[i : i + 2]) if i + 1 < len(pairs) else pairs[i] for i in range(0, len(pairs), 2)]
        out = fours[0]
        for four in fours[1:]:
            out = builder.fmul(out, four)
        return out

    def larger(self, a: Any, b: Any) -> Any:
        return self.builder.select(self.builder.fcmp_ordered(">", a, b), a, b)

    def fold(self, lanes: Any, join: Any) -> Any:
        """Lanes joined half by half."""
        builder, half = self.builder, LANES // 2
        while half:
            order = [ir.Constant(ir.VectorType(_INT, half), [i + k for i in range(half)]) for k in (0, half)]
            lanes = join(*(builder.shuffle_vector(lanes, ir.Constant(lanes.type, ir.Undefined), o) for o in order))
            half //= 2
        return builder.extract_element(lanes, _INT(0))

    def load(self, base: Any, start: Any, offset: int, kind: Any) -> Any:
        at = self.builder.gep(base, [self.builder.add(start, _LONG(offset))])
        return self.builder.load(self.builder.bitcast(at, kind.as_pointer()), align=4)

    def splat(self, value: Any, kind: Any) -> Any:
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, _INT(0))
        return self.builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), ir.Constant(_INTS, [0] * LANES))
