using System.Numerics;

namespace LzuCore.Kernels.Cpu;

// The innermost loop of every convolution and matrix product: a tile of output, rows x columns, kept in registers over the whole sum.
//
// Per k: one row of the packed panel (up to three vectors) and, for each row, one broadcast element of A and a fused multiply-add a vector. What
// limits it is loads: 11 for 24 FMAs in the 8x48 tile of AVX-512, 14 in the 12x32 tile, which is for few columns. A is not packed: its rows are read
// in place, 4 bytes of each row per k, and each row's cache line serves 16 consecutive k. Three ways to find A's element (row i, k):
//   Indirect  rows[segment][i][k]   one pointer per row and tap; padding points at zeros. Convolutions.
//   Strided   A[i * AStep + k]      rows at equal distance. 1x1 convolutions, and Winograd's products.
//   Column    A[k * AStep + i]      packed or transposed A. Matrix products, weight gradients.
// Each implementation is one generic method; row count, width and addressing are type arguments, which the JIT turns into constants.
// Every output element is one chain of fused multiply-adds in the order of k, whatever the tile's shape: results do not depend on tiling.
internal abstract unsafe class MicroKernel
{
    private const int MostRows = 12, MostVectors = 3;

    /// <summary>Most rows of a tile that can fetch its own panel (<see cref="Tile.Soon"/>): a line for each that is read, which would slow the large tiles of large maps by a hundredth.</summary>
    public const int SoonRows = 6;

    // By addressing, vectors and rows. To find a generic virtual method at every call takes as long as three terms of a sum.
    private readonly delegate*<Tile*, void>[] _shapes = new delegate*<Tile*, void>[3 * MostVectors * MostRows];
    private readonly int _lanesPower;

    protected MicroKernel()
    {
        _lanesPower = BitOperations.Log2((uint)VectorLanes);
        Add<Indirect>(Addressing.Indirect);
        Add<Strided>(Addressing.Strided);
        Add<Column>(Addressing.Column);
    }

    /// <summary>The path used unless a test asks for another. Chosen once; compiled for a processor that surely has one, a program lacks those behind it.</summary>
    public static MicroKernel Fastest { get; } = Avx512MicroKernel.IsSupported ? new Avx512MicroKernel() : Avx2MicroKernel.IsSupported ? new Avx2MicroKernel() : new PortableMicroKernel();

    /// <summary>Every path that this machine can run, fastest first.</summary>
    public static IReadOnlyList<MicroKernel> Available =>
    [
        .. Avx512MicroKernel.IsSupported ? (MicroKernel[])[new Avx512MicroKernel()] : [],
        .. Avx2MicroKernel.IsSupported ? (MicroKernel[])[new Avx2MicroKernel()] : [],
        new PortableMicroKernel(),
    ];

    /// <summary>The vectors of this path, for kernels beside it.</summary>
    public SimdWidth Simd => this switch { Avx512MicroKernel => SimdWidth.Bits512, Avx2MicroKernel => SimdWidth.Bits256, _ => SimdWidth.Portable };

    /// <summary>Most rows of any tile.</summary>
    public abstract int MaxRows { get; }

    /// <summary>Rows of a tile of <see cref="MaxVectors"/> vectors.</summary>
    public abstract int WideRows { get; }

    /// <summary>Vectors across the widest tile: 2 or 3.</summary>
    public abstract int MaxVectors { get; }

    /// <summary>Floats in a vector.</summary>
    public abstract int VectorLanes { get; }

    /// <summary>Columns of the widest tile.</summary>
    public int MaxWidth => MaxVectors * VectorLanes;

    /// <summary>Most rows of a tile of some vectors.</summary>
    public int RowsFor(int vectors) => vectors == MaxVectors ? WideRows : MaxRows;

    /// <summary>Computes one tile of 1 to <see cref="RowsFor"/> rows and 1 to <see cref="MaxVectors"/> whole vectors.</summary>
    public void Run(Tile* tile, int rows, int columns, Addressing addressing) => _shapes[Index(rows, columns >> _lanesPower, addressing)](tile);

    private static int Index(int rows, int vectors, Addressing addressing) => ((int)addressing * MostVectors + vectors - 1) * MostRows + rows - 1;

    private void Add<TAddress>(Addressing addressing) where TAddress : struct, IAddress
    {
        for (var rows = 1; rows <= MaxRows; rows++)
        {
            _shapes[Index(rows, 1, addressing)] = Shape<TAddress, One>(rows);
            _shapes[Index(rows, 2, addressing)] = Shape<TAddress, Two>(rows);
            if (MaxVectors > 2) _shapes[Index(rows, 3, addressing)] = Shape<TAddress, Three>(rows);
        }
    }

    /// <summary>The kernel of a shape.</summary>
    protected abstract delegate*<Tile*, void> Shape<TAddress, TWidth>(int rows) where TAddress : struct, IAddress where TWidth : struct, IWidth;

    protected interface IAddress { static abstract Addressing Mode { get; } }

    protected interface IWidth { static abstract int Vectors { get; } }

    protected interface IRows { static abstract int Count { get; } }

    private readonly struct Indirect : IAddress { public static Addressing Mode => Addressing.Indirect; }

    private readonly struct Strided : IAddress { public static Addressing Mode => Addressing.Strided; }

    private readonly struct Column : IAddress { public static Addressing Mode => Addressing.Column; }

    private readonly struct One : IWidth { public static int Vectors => 1; }

    private readonly struct Two : IWidth { public static int Vectors => 2; }

    private readonly struct Three : IWidth { public static int Vectors => 3; }

    protected readonly struct R1 : IRows { public static int Count => 1; }

    protected readonly struct R2 : IRows { public static int Count => 2; }

    protected readonly struct R3 : IRows { public static int Count => 3; }

    protected readonly struct R4 : IRows { public static int Count => 4; }

    protected readonly struct R5 : IRows { public static int Count => 5; }

    protected readonly struct R6 : IRows { public static int Count => 6; }

    protected readonly struct R7 : IRows { public static int Count => 7; }

    protected readonly struct R8 : IRows { public static int Count => 8; }

    protected readonly struct R9 : IRows { public static int Count => 9; }

    protected readonly struct R10 : IRows { public static int Count => 10; }

    protected readonly struct R11 : IRows { public static int Count => 11; }

    protected readonly struct R12 : IRows { public static int Count => 12; }
}

/// <summary>How a tile's rows of A are found.</summary>
internal enum Addressing
{
    /// <summary>One pointer per segment and row.</summary>
    Indirect,
    /// <summary>Rows at equal distance, k contiguous.</summary>
    Strided,
    /// <summary>Rows contiguous, k at equal distance.</summary>
    Column,
}

/// <summary>One tile's operands.</summary>
internal unsafe struct Tile
{
    /// <summary>Indirect: [segment][row] first elements.</summary>
    public float** Rows;
    /// <summary>Strided and Column: the element of row 0 at k = 0.</summary>
    public float* A;
    /// <summary>Strided: floats between rows. Column: floats between k.</summary>
    public nint AStep;
    /// <summary>Indirect: how many segments the sum has. Otherwise one.</summary>
    public nint Segments;
    /// <summary>Elements of the sum in a segment.</summary>
    public nint SegmentLength;
    /// <summary>Strided and Column: after so many terms, an even number, the sum so far is stored, or added where there is a residual, which must be the output itself; and a new one begins. 0 is one sum of all.</summary>
    public nint Part;
    /// <summary>Indirect and Strided: what to bring into the caches meanwhile, one address every two terms; null is nothing. Only a hint.</summary>
    public byte* Ahead;
    /// <summary>Bytes from one of these addresses to the next.</summary>
    public nint AheadStep;
    /// <summary>Strided: what to bring into the second-level cache meanwhile, as many lines a term as a vector fills; null is nothing. Only a hint.</summary>
    public float* Next;
    /// <summary>Strided, with at most <see cref="MicroKernel.SoonRows"/> rows: how many bytes before its use a packed panel is brought into the first-level cache; 0 is not at all. Only a hint.</summary>
    public nint Soon;
    /// <summary>Packed panel, [k][width].</summary>
    public float* B;
    /// <summary>Strided and Column: floats between two k of B. The width for a packed panel, which Indirect always has.</summary>
    public nint BStep;
    /// <summary>First element of each output row.</summary>
    public float** Out;
    /// <summary>Floats from there to this tile's first column.</summary>
    public nint Column;
    /// <summary>What the accumulators start from: one value per column.</summary>
    public float* Bias;
    /// <summary>Floats from an output element to its residual.</summary>
    public nint Residual;
    /// <summary>Whether the residual is added.</summary>
    public bool HasResidual;
    /// <summary>Whether the accumulators start from the output instead of the bias.</summary>
    public bool Accumulate;
    /// <summary>Results below are raised to this: 0 is ReLU, -infinity nothing. NaN stays.</summary>
    public float Floor;
}
