#!/usr/bin/env python3
"""Writes the three micro-kernels of src/LzuCore/Kernels/Cpu/Gemm from one template: the accumulators must be named locals (arrays and spans of
vectors are spilled to memory by the JIT), so the repetitive lines are generated. Run from anywhere; the results are committed."""
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "src/LzuCore/Kernels/Cpu/Gemm"

PATHS = {
    "Avx512MicroKernel": dict(
        rows=12, wide_rows=8, vector="Vector512<float>", lanes="16", load="Vector512.Load({0})", splat="Vector512.Create({0})", fma="Avx512F.FusedMultiplyAdd({0}, {1}, {2})",
        max="Avx512F.Max({0}, {1})", usings="using System.Runtime.Intrinsics;\nusing System.Runtime.Intrinsics.X86;\n", supported="Avx512F.IsSupported",
        fetch="Sse.Prefetch0({0})", fetch_far="Sse.Prefetch1({0})", panel_lines=2,
        about="8 rows x 48 columns or 12 x 32, both 24 of the 32 vector registers, AVX-512."),
    "Avx2MicroKernel": dict(
        rows=6, wide_rows=0, vector="Vector256<float>", lanes="8", load="Vector256.Load({0})", splat="Vector256.Create({0})", fma="Fma.MultiplyAdd({0}, {1}, {2})",
        max="Avx.Max({0}, {1})", usings="using System.Runtime.Intrinsics;\nusing System.Runtime.Intrinsics.X86;\n", supported="Avx2.IsSupported && Fma.IsSupported",
        fetch="Sse.Prefetch0({0})", fetch_far="Sse.Prefetch1({0})", panel_lines=1,
        about="6 rows x 16 columns in 12 of the 16 vector registers, AVX2 with FMA."),
    "PortableMicroKernel": dict(
        rows=6, wide_rows=0, vector="Vector<float>", lanes="Vector<float>.Count", load="Vector.Load({0})", splat="new Vector<float>({0})", fma="Vector.MultiplyAddEstimate({0}, {1}, {2})",
        max="Vector.ConditionalSelect(Vector.LessThan({1}, {0}), {0}, {1})", usings="using System.Numerics;\n", supported="true",
        about="6 rows x 2 vectors of whatever width the machine has."),
}


def kernel(name, rows, wide_rows, vector, lanes, load, splat, fma, max, usings, supported, about, fetch="", fetch_far="", panel_lines=0):
    lines = []
    put = lines.append

    def guard(i, text, indent):
        put(" " * indent + (text if i == 0 else f"if (TRows.Count > {i}) {{ {text} }}"))

    # The statement for each vector of row i: the first always, the others where the tile is that wide (three vectors only in the first rows).
    def each(i, text):
        parts = [text(0, ""), "if (TWidth.Vectors > 1) " + text(1, " + Lanes")]
        if i < wide_rows:
            parts.append("if (TWidth.Vectors > 2) " + text(2, " + 2 * Lanes"))
        return " ".join(parts)

    def step(i, element, indent):
        guard(i, f"a = {splat.format(element)}; " + each(i, lambda v, _: f"c{i}_{v} = {fma.format('a', f'b{v}', f'c{i}_{v}')};"), indent)

    def panel_row(indent, at):
        put(" " * indent + f"b0 = {load.format(f'b{at}')};")
        put(" " * indent + f"if (TWidth.Vectors > 1) b1 = {load.format(f'b{at} + Lanes')};")
        if wide_rows:
            put(" " * indent + f"if (TWidth.Vectors > 2) b2 = {load.format(f'b{at} + 2 * Lanes')};")

    # The sum over k, two terms a turn and a last one where the length is odd: fewer instructions a multiply-add, which counts where another thread
    # shares the core. element(i, k) is A's element of row i, k terms on; advance goes two terms on. Where more terms follow, b stands behind the last.
    # A turn fetches one line of what comes next, with a panel as many lines of the next one as one vector of this one has, and in tiles of few rows every line of this one, some bytes before its use.
    def terms(indent, panel_step, element, advance="", follow=False, fetches=False, panels=False):
        def body(n, depth):
            for k in range(n):
                panel_row(depth, "" if k == 0 else f" + {panel_step}")
                for i in range(rows):
                    step(i, element(i, k), depth)

        pad = " " * indent
        put(f"{pad}for (k = 0; k < length - 1; k += 2)\n{pad}{{")
        if fetches and fetch:
            put(f"{pad}    {fetch.format('ahead')}; ahead += aheadStep;")
        if panels and fetch_far:
            put(f"{pad}    " + " ".join(fetch_far.format("next" + (f" + {64 * line}" if line else "")) + ";" for line in range(panel_lines)) + f" next += {64 * panel_lines};")
            own = [" ".join(fetch.format("soon" + (f" + {64 * line}" if line else "")) + ";" for line in range(v * panel_lines, (v + 1) * panel_lines)) for v in range(3 if wide_rows else 2)]
            others = "".join(f" if (TWidth.Vectors > {v}) " + (own[v] if panel_lines == 1 else f"{{ {own[v]} }}") for v in range(1, len(own)))
            put(f"{pad}    if (TRows.Count <= SoonRows) {{ {own[0]}{others} soon += soonStep; }}")
        body(2, indent + 4)
        put(f"{pad}    b += 2 * {panel_step};{advance}\n{pad}}}")
        put(f"{pad}if (k < length)\n{pad}{{")
        body(1, indent + 4)
        if follow:
            put(f"{pad}    b += {panel_step};")
        put(pad + "}")

    # The same in parts: short sums round less. Each is added to the output, where no multiply-add waits for it.
    def parts(*args, **options):
        put("""            for (var left = length; ; hasResidual = true)
            {
                length = nint.Min(part, left);""")
        terms(16, *args, follow=True, **options)
        put("""                left -= length;
                if (left == 0) break;
                if (hasResidual)
                {""")
        for i in range(rows):
            guard(i, each(i, lambda v, at: f"c{i}_{v} += {load.format(f'o[{i}] + column{at}')};"), 20)
        put("                }")
        for i in range(rows):
            guard(i, each(i, lambda v, at: ("{0}" if v == 0 else "{{ {0} }}").format(f"c{i}_{v}.Store(o[{i}] + column{at}); c{i}_{v} = default;")), 16)
        put("            }")

    pointers = [f"p{i}" for i in range(rows)]
    cases = "\n".join(f"        {i} => &Run<R{i}, TAddress, TWidth>," for i in range(1, rows))
    put(f"""// <auto-generated>by tools/microkernels/generate.py; change that</auto-generated>
#nullable enable
using System.Runtime.CompilerServices;
{usings}
namespace LzuCore.Kernels.Cpu;

// {about}
// Lanes: lane l of c<i>_<v> is column {lanes} * v + l of row i. Unused rows and the second vector fall away when the JIT compiles a shape.
// See MicroKernel for what a tile is.
internal sealed unsafe class {name} : MicroKernel
{{
    private static int Lanes {{ [MethodImpl(MethodImplOptions.AggressiveInlining)] get => {lanes}; }}

    public static bool IsSupported => {supported};

    public override int MaxRows => {rows};

    public override int VectorLanes => Lanes;

    public override int MaxVectors => {3 if wide_rows else 2};

    public override int WideRows => {wide_rows or rows};

    protected override delegate*<Tile*, void> Shape<TAddress, TWidth>(int rows) => rows switch
    {{
{cases}
        _ => &Run<R{rows}, TAddress, TWidth>,
    }};

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TRows, TAddress, TWidth>(Tile* tile)
        where TRows : struct, IRows where TAddress : struct, IAddress where TWidth : struct, IWidth
    {{
        var bias = tile->Bias;
        {vector} a, b0 = {load.format('bias')}, b1 = TWidth.Vectors > 1 ? {load.format('bias + Lanes')} : b0;""")
    if wide_rows:
        put(f"        var b2 = TWidth.Vectors > 2 ? {load.format('bias + 2 * Lanes')} : b0;")
    for i in range(rows):
        put(f"        {vector} c{i}_0 = b0, c{i}_1 = b1{f', c{i}_2 = b2' if i < wide_rows else ''};")
    put("""        var o = tile->Out;
        var column = tile->Column;
        if (tile->Accumulate)
        {""")
    for i in range(rows):
        guard(i, each(i, lambda v, at: f"c{i}_{v} = {load.format(f'o[{i}] + column{at}')};"), 12)
    put("""        }
        var b = tile->B;
        nint k, length = tile->SegmentLength, panelStep = tile->BStep;""")
    if fetch:
        put("""        // Where nothing comes next, a line that is at hand anyway.
        var ahead = tile->Ahead is null ? (byte*)b : tile->Ahead;
        var aheadStep = tile->Ahead is null ? 0 : tile->AheadStep;""")
    put("        var part = tile->Part > 0 ? tile->Part : length;\n        var hasResidual = tile->HasResidual;")
    put("""        if (TAddress.Mode == Addressing.Indirect)
        {
            var rows = tile->Rows;
            for (var s = tile->Segments; s > 0; s--, rows += TRows.Count)
            {""")
    put("                float* " + ", ".join(f"{p} = rows[{'0' if i == 0 else f'TRows.Count > {i} ? {i} : 0'}]" for i, p in enumerate(pointers)) + ";")
    terms(16, "TWidth.Vectors * Lanes", lambda i, k: f"p{i}[k{f' + {k}' if k else ''}]", follow=True, fetches=True)
    put("""            }
        }
        else if (TAddress.Mode == Addressing.Strided)
        {
            // Base pointers three rows apart and one step: every row is base, base + step or base + 2 steps, without spills.
            var step = tile->AStep;""")
    if fetch_far:
        put(f"""            var next = tile->Next is null ? (byte*)b : (byte*)tile->Next;
            var soon = (byte*)b + tile->Soon;
            nint soonStep = tile->Soon > 0 ? TWidth.Vectors * {64 * panel_lines} : 0;""")
    for i in range(0, rows, 3):
        put(f"            var q{i} = tile->A{'' if i == 0 else f' + {i} * step'};")
    bases = range(0, rows, 3)
    parts("panelStep", lambda i, k: f"q{i - i % 3}[{['', 'step + ', '2 * step + '][i % 3]}{k}]".replace(" + 0]", "]"),
          "".join(f" q{i} += 2;" for i in bases), fetches=True, panels=True)
    put("""        }
        else
        {
            var p = tile->A;
            var step = tile->AStep;""")
    parts("panelStep", lambda i, k: f"p[{'step + ' if k else ''}{i}]", " p += 2 * step;")
    put(f"""        }}
        var floor = {splat.format('tile->Floor')};
        if (hasResidual)
        {{
            var r = tile->Residual + column;""")
    for i in range(rows):
        guard(i, each(i, lambda v, at: f"c{i}_{v} += {load.format(f'o[{i}] + r{at}')};"), 12)
    put("        }")
    for i in range(rows):
        guard(i, each(i, lambda v, at: f"{max.format('floor', f'c{i}_{v}')}.Store(o[{i}] + column{at});"), 8)
    put("    }\n}")
    return "\n".join(lines) + "\n"


for name, path in PATHS.items():
    (FOLDER / f"{name}.cs").write_text(kernel(name, **path))
