using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

/// <summary>The sizes of a convolution, inside kernels.</summary>
internal readonly struct ConvShape(Conv2dArgs args, Shape input, Shape weight, Shape output)
{
    public readonly int Batch = input[0], InChannels = input[1], Height = input[2], Width = input[3], OutChannels = output[1], OutHeight = output[2], OutWidth = output[3];
    public readonly int KernelHeight = weight[2], KernelWidth = weight[3], Groups = args.Groups, InPerGroup = input[1] / args.Groups, OutPerGroup = output[1] / args.Groups;
    public readonly int StrideY = args.Stride.Height, StrideX = args.Stride.Width, PaddingY = args.Padding.Height, PaddingX = args.Padding.Width, DilationY = args.Dilation.Height, DilationX = args.Dilation.Width;

    public int Taps => KernelHeight * KernelWidth;
}

/// <summary>Rows are output pixels; terms are (tap, input channel) of the input under the kernel.</summary>
internal readonly struct InputPatches<T, S, TStored>(ConvShape g, TensorView input) : IProductOperand<T>
    where T : unmanaged, IFloatingPointIeee754<T> where S : unmanaged where TStored : struct, IStored<S, T>
{
    private readonly int _fours = g.InPerGroup % 4 == 0 && input.Layout.Offset % 4 == 0 ? 1 : 0;
    private readonly ArrayView<S> _x = input.Dense<S>();

    public RowCursor Row(int batch, int row)
    {
        var line = row / g.OutWidth;
        var n = line / g.OutHeight;
        return new RowCursor((long)n * g.Height * g.Width * g.InChannels + batch * g.InPerGroup, (line - n * g.OutHeight) * g.StrideY - g.PaddingY,
            (row - line * g.OutWidth) * g.StrideX - g.PaddingX, n < g.Batch ? 1 : 0);
    }

    public Quad<T> Load(RowCursor row, int batch, int k)
    {
        if (_fours == 0) return new Quad<T>(One(row, k), One(row, k + 1), One(row, k + 2), One(row, k + 3));
        var at = Find(row, k);
        return at < 0 ? Four<T>.Zero : Quads.Load<T, S, TStored>(_x, at);
    }

    private T One(RowCursor row, int k)
    {
        var at = Find(row, k);
        return at < 0 ? T.Zero : TStored.Load(_x[at]);
    }

    // Where a term lies; -1 in the padding and behind the ends.
    private long Find(RowCursor row, int k)
    {
        var tap = k / g.InPerGroup;
        var ky = tap / g.KernelWidth;
        int y = row.Y + ky * g.DilationY, x = row.X + (tap - ky * g.KernelWidth) * g.DilationX;
        if (row.Inside == 0 || ky >= g.KernelHeight || y < 0 || y >= g.Height || x < 0 || x >= g.Width) return -1;
        return row.At + ((long)y * g.Width + x) * g.InChannels + (k - tap * g.InPerGroup);
    }
}

/// <summary>Rows are output channels; terms are (tap, input channel), contiguous as they lie.</summary>
internal readonly struct WeightRows<T, S, TStored>(ConvShape g, TensorView weight) : IProductOperand<T>
    where T : unmanaged, IFloatingPointIeee754<T> where S : unmanaged where TStored : struct, IStored<S, T>
{
    private readonly int _terms = g.Taps * g.InPerGroup, _fours = g.InPerGroup % 4 == 0 && weight.Layout.Offset % 4 == 0 ? 1 : 0;
    private readonly ArrayView<S> _w = weight.Dense<S>();

    public RowCursor Row(int batch, int row) => new((long)(batch * g.OutPerGroup + row) * _terms, 0, 0, row < g.OutPerGroup ? 1 : 0);

    public Quad<T> Load(RowCursor row, int batch, int k)
    {
        if (row.Inside == 0 || k >= _terms) return Four<T>.Zero;
        if (_fours != 0) return Quads.Load<T, S, TStored>(_w, row.At + k);
        return new Quad<T>(TStored.Load(_w[row.At + k]), One(row.At, k + 1), One(row.At, k + 2), One(row.At, k + 3));
    }

    private T One(long at, int k) => k < _terms ? TStored.Load(_w[at + k]) : T.Zero;
}

/// <summary>Rows are input pixels; terms are (tap, output channel) of the outputs that the pixel went to.</summary>
internal readonly struct OutputPatches<T, S, TStored>(ConvShape g, TensorView dOutput) : IProductOperand<T>
    where T : unmanaged, IFloatingPointIeee754<T> where S : unmanaged where TStored : struct, IStored<S, T>
{
    private readonly int _fours = g.OutPerGroup % 4 == 0 && dOutput.Layout.Offset % 4 == 0 ? 1 : 0;
    private readonly ArrayView<S> _dy = dOutput.Dense<S>();

    public RowCursor Row(int batch, int row)
    {
        var line = row / g.Width;
        var n = line / g.Height;
        return new RowCursor((long)n * g.OutHeight * g.OutWidth * g.OutChannels + batch * g.OutPerGroup, line - n * g.Height + g.PaddingY, row - line * g.Width + g.PaddingX, n < g.Batch ? 1 : 0);
    }

    public Quad<T> Load(RowCursor row, int batch, int k)
    {
        if (_fours == 0) return new Quad<T>(One(row, k), One(row, k + 1), One(row, k + 2), One(row, k + 3));
        var at = Find(row, k);
        return at < 0 ? Four<T>.Zero : Quads.Load<T, S, TStored>(_dy, at);
    }

    private T One(RowCursor row, int k)
    {
        var at = Find(row, k);
        return at < 0 ? T.Zero : TStored.Load(_dy[at]);
    }

    // Tap (ky, kx) brought the pixel to output (y - ky · dilation) / stride, if that is whole.
    private long Find(RowCursor row, int k)
    {
        var tap = k / g.OutPerGroup;
        var ky = tap / g.KernelWidth;
        int y = row.Y - ky * g.DilationY, x = row.X - (tap - ky * g.KernelWidth) * g.DilationX;
        if (row.Inside == 0 || ky >= g.KernelHeight || y < 0 || x < 0) return -1;
        int i = y / g.StrideY, j = x / g.StrideX;
        if (i * g.StrideY != y || j * g.StrideX != x || i >= g.OutHeight || j >= g.OutWidth) return -1;
        return row.At + ((long)i * g.OutWidth + j) * g.OutChannels + (k - tap * g.OutPerGroup);
    }
}

/// <summary>Rows are input channels; terms are (tap, output channel) of the weight. Neighbouring lanes read neighbouring channels.</summary>
internal readonly struct WeightColumns<T, S, TStored>(ConvShape g, TensorView weight) : IProductOperand<T>
    where T : unmanaged, IFloatingPointIeee754<T> where S : unmanaged where TStored : struct, IStored<S, T>
{
    private readonly ArrayView<S> _w = weight.Dense<S>();

    public RowCursor Row(int batch, int row) => new((long)batch * g.OutPerGroup * g.Taps * g.InPerGroup + row, 0, 0, row < g.InPerGroup ? 1 : 0);

    public Quad<T> Load(RowCursor row, int batch, int k) => new(One(row, k), One(row, k + 1), One(row, k + 2), One(row, k + 3));

    private T One(RowCursor row, int k)
    {
        var tap = k / g.OutPerGroup;
        return row.Inside == 0 || tap >= g.Taps ? T.Zero : TStored.Load(_w[row.At + ((long)(k - tap * g.OutPerGroup) * g.Taps + tap) * g.InPerGroup]);
    }
}

/// <summary>Rows are output channels; terms are output pixels of one piece. Batch entry = group · pieces + piece.</summary>
internal readonly struct OutputColumns<T, S, TStored>(ConvShape g, int pieces, int length, TensorView dOutput) : IProductOperand<T>
    where T : unmanaged, IFloatingPointIeee754<T> where S : unmanaged where TStored : struct, IStored<S, T>
{
    private readonly int _pixels = g.Batch * g.OutHeight * g.OutWidth;
    private readonly ArrayView<S> _dy = dOutput.Dense<S>();

    public RowCursor Row(int batch, int row) => new(batch / pieces * g.OutPerGroup + row, batch % pieces * length, 0, row < g.OutPerGroup ? 1 : 0);

    public Quad<T> Load(RowCursor row, int batch, int k) => new(One(row, k), One(row, k + 1), One(row, k + 2), One(row, k + 3));

    private T One(RowCursor row, int k)
    {
        var pixel = row.Y + k;
        return row.Inside == 0 || k >= length || pixel >= _pixels ? T.Zero : TStored.Load(_dy[(long)pixel * g.OutChannels + row.At]);
    }
}

/// <summary>Rows are (tap, input channel); terms are output pixels of one piece, read from the input under the tap.</summary>
internal readonly struct InputColumns<T, S, TStored>(ConvShape g, int pieces, int length, TensorView input) : IProductOperand<T>
    where T : unmanaged, IFloatingPointIeee754<T> where S : unmanaged where TStored : struct, IStored<S, T>
{
    private readonly int _pixels = g.Batch * g.OutHeight * g.OutWidth;
    private readonly ArrayView<S> _x = input.Dense<S>();

    public RowCursor Row(int batch, int row)
    {
        var tap = row / g.InPerGroup;
        var ky = tap / g.KernelWidth;
        return new RowCursor(batch / pieces * g.InPerGroup + (row - tap * g.InPerGroup), ky * g.DilationY - g.PaddingY, (tap - ky * g.KernelWidth) * g.DilationX - g.PaddingX, tap < g.Taps ? 1 : 0);
    }

    public Quad<T> Load(RowCursor row, int batch, int k) => new(One(row, batch, k), One(row, batch, k + 1), One(row, batch, k + 2), One(row, batch, k + 3));

    private T One(RowCursor row, int batch, int k)
    {
        var pixel = batch % pieces * length + k;
        if (row.Inside == 0 || k >= length || pixel >= _pixels) return T.Zero;
        var line = pixel / g.OutWidth;
        var n = line / g.OutHeight;
        int y = (line - n * g.OutHeight) * g.StrideY + row.Y, x = (pixel - line * g.OutWidth) * g.StrideX + row.X;
        return y < 0 || y >= g.Height || x < 0 || x >= g.Width ? T.Zero : TStored.Load(_x[(((long)n * g.Height + y) * g.Width + x) * g.InChannels + row.At]);
    }
}
