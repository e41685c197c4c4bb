using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

/// <summary>A channels-last picture in memory: distances in floats.</summary>
internal readonly unsafe struct Picture
{
    /// <summary>A dense picture, from its view [N, C, H, W].</summary>
    public Picture(TensorView view)
        : this(view.Pointer<float>(), view.Shape[0], view.Shape[2], view.Shape[3], view.Shape[1])
    {
    }

    public Picture(float* data, int batch, int height, int width, int pixel)
    {
        Data = data;
        (Batch, Height, Width, Pixel) = (batch, height, width, pixel);
    }

    public readonly float* Data;
    public readonly int Batch, Height, Width;

    /// <summary>Floats from a pixel to its right neighbour.</summary>
    public readonly nint Pixel;

    public nint Row => Width * Pixel;

    public nint Image => Height * Row;
}

/// <summary>One tap: where it reads, relative to an output pixel's source position, and where its weights begin.</summary>
/// <param name="Dy">Rows down.</param>
/// <param name="Dx">Columns right.</param>
/// <param name="Weight">Index of the tap among the kernel's taps (of the whole kernel row where taps are merged).</param>
internal readonly record struct Tap(int Dy, int Dx, int Weight);

/// <summary>A convolution as the kernels run it: target pixel (r, q) of a phase lies at (OriginY + StepY·r, OriginX + StepX·q) and sums, over the taps,
/// the source pixel (SourceStepY·r + Dy, SourceStepX·q + Dx). The forward pass is one phase with source steps equal to the stride. The adjoint in
/// the input is one phase per residue of the stride, each a convolution of step 1 with the taps that hit that residue; this includes transposed
/// convolution, and nothing is multiplied by inserted zeros.</summary>
internal sealed record Phase(int OriginY, int OriginX, int StepY, int StepX, int Rows, int Columns, int SourceStepY, int SourceStepX, Tap[] Taps)
{
    /// <summary>The forward pass.</summary>
    public static Phase Forward(in Conv2dArgs args, Size2 kernel, Size2 output)
    {
        var taps = new Tap[kernel.Height * kernel.Width];
        for (var i = 0; i < taps.Length; i++)
            taps[i] = new Tap(i / kernel.Width * args.Dilation.Height - args.Padding.Height, i % kernel.Width * args.Dilation.Width - args.Padding.Width, i);
        return new Phase(0, 0, 1, 1, output.Height, output.Width, args.Stride.Height, args.Stride.Width, taps);
    }

    /// <summary>The adjoint in the input: target is the input, source the output's gradient.</summary>
    public static IEnumerable<Phase> BackwardInput(Conv2dArgs args, Size2 kernel, Size2 input)
    {
        for (var py = 0; py < Math.Min(args.Stride.Height, input.Height); py++)
            for (var px = 0; px < Math.Min(args.Stride.Width, input.Width); px++)
            {
                var taps = new List<Tap>();
                for (var i = 0; i < kernel.Height; i++)
                    for (var j = 0; j < kernel.Width; j++)
                    {
                        int y = py + args.Padding.Height - i * args.Dilation.Height, x = px + args.Padding.Width - j * args.Dilation.Width;
                        if (y % args.Stride.Height == 0 && x % args.Stride.Width == 0) taps.Add(new Tap(y / args.Stride.Height, x / args.Stride.Width, i * kernel.Width + j));
                    }
                yield return new Phase(py, px, args.Stride.Height, args.Stride.Width,
                    (input.Height - py + args.Stride.Height - 1) / args.Stride.Height, (input.Width - px + args.Stride.Width - 1) / args.Stride.Width, 1, 1, [.. taps]);
            }
    }
}

/// <summary>The source of a forward pass or weight gradient, perhaps copied first. Few channels (an image): a copy with the padding in it, so that all taps of
/// a kernel row are one contiguous run.</summary>
internal readonly unsafe struct ConvSource : IDisposable
{
    private const int FewChannels = 16;
    private readonly Scratch? _copy;

    public ConvSource(in Conv2dArgs args, TensorView input, Size2 kernel, Size2 output)
    {
        Phase = Phase.Forward(args, kernel, output);
        Picture = new Picture(input);
        var channels = input.Shape[1];
        Length = channels / args.Groups;
        if (args.Groups == 1 && channels <= FewChannels && kernel.Width > 1 && args.Dilation.Width == 1)
        {
            int height = checked(input.Shape[2] + 2 * args.Padding.Height), width = checked(input.Shape[3] + 2 * args.Padding.Width);
            var copy = Scratch.Floats((long)input.Shape[0] * height * width * channels);
            Pad(Picture, channels, args.Padding, copy.Pointer, height, width);
            Picture = new Picture(copy.Pointer, input.Shape[0], height, width, channels);
            Length = kernel.Width * channels;
            var (taps, down) = (new Tap[kernel.Height], args.Dilation.Height);
            for (var i = 0; i < taps.Length; i++) taps[i] = new Tap(i * down, 0, i);
            Phase = Phase with { Taps = taps };
            _copy = copy;
        }
    }

    /// <summary>What to read.</summary>
    public Picture Picture { get; }

    /// <summary>How.</summary>
    public Phase Phase { get; }

    /// <summary>Contiguous floats a tap reads.</summary>
    public int Length { get; }

    public void Dispose() => _copy?.Dispose();

    private static void Pad(Picture picture, int channels, Size2 padding, float* to, int height, int width) => ParallelRows.For(picture.Batch * height, 16, (begin, end) =>
    {
        for (var row = begin; row < end; row++)
        {
            var (n, y) = Math.DivRem(row, height);
            var line = new Span<float>(to + (long)row * width * channels, width * channels);
            var inner = y - padding.Height;
            if (inner < 0 || inner >= picture.Height)
            {
                line.Clear();
                continue;
            }
            int left = padding.Width * channels, count = picture.Width * channels;
            line[..left].Clear();
            line[(left + count)..].Clear();
            new ReadOnlySpan<float>(picture.Data + n * picture.Image + inner * picture.Row, count).CopyTo(line[left..]);
        }
    });
}
