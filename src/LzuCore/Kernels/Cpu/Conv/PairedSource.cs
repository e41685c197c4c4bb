using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// The source of a 7x7 convolution of stride 2, copied so that a pixel is what was a square of 2x2: [row of the square][column][channel]. The convolution is one of 4x4 taps and stride 1 over these.
// With an odd padding the squares begin one pixel outside, so that the first tap is the first of its pair.
internal readonly unsafe struct PairedSource : IDisposable
{
    /// <summary>Pairs of taps, down and across.</summary>
    public const int Kernel = 4;

    private const int Taps = 7;
    private readonly Scratch _copy;

    public PairedSource(in Conv2dArgs args, Picture picture, int channels)
    {
        int oddY = args.Padding.Height & 1, oddX = args.Padding.Width & 1;
        int height = (picture.Height + oddY + 1) / 2, width = (picture.Width + oddX + 1) / 2, square = 4 * channels;
        _copy = Scratch.Floats(checked((long)picture.Batch * height * width * square));
        Copy(picture, channels, oddY, oddX, _copy.Pointer, height, width);
        Picture = new Picture(_copy.Pointer, picture.Batch, height, width, square);
    }

    /// <summary>Whether a convolution is one of these.</summary>
    public static bool Fits(in Conv2dArgs args, Size2 kernel) => kernel == new Size2(Taps, Taps) && args.Stride == new Size2(2, 2) && args.Dilation == new Size2(1, 1) && args.Groups == 1;

    /// <summary>The squares.</summary>
    public Picture Picture { get; }

    /// <summary>The convolution over squares.</summary>
    public static Phase Forward(in Conv2dArgs args, Size2 output) => Phase.Forward(new Conv2dArgs(1, new(args.Padding.Height / 2, args.Padding.Width / 2), 1, 1), new(Kernel, Kernel), output);

    /// <summary>[outputs][7][7][channels] as [outputs][4][4][squares' channels], with zeros for the taps beyond.</summary>
    public static Scratch Weights(float* weight, int outputs, int channels)
    {
        var scratch = Scratch.Floats((long)outputs * 2 * Kernel * 2 * Kernel * channels);
        var to = scratch.Pointer;
        for (var o = 0; o < outputs; o++)
            for (var y = 0; y < Kernel; y++)
                for (var x = 0; x < Kernel; x++)
                    for (var inner = 0; inner < 4; inner++, to += channels)
                    {
                        int tapY = 2 * y + inner / 2, tapX = 2 * x + inner % 2;
                        if (tapY < Taps && tapX < Taps) Panels.Copy(weight + (((long)o * Taps + tapY) * Taps + tapX) * channels, to, channels);
                        else new Span<float>(to, channels).Clear();
                    }
        return scratch;
    }

    public void Dispose() => _copy.Dispose();

    private static void Copy(Picture picture, int channels, int oddY, int oddX, float* to, int height, int width) => ParallelRows.For(picture.Batch * height, 8, (begin, end) =>
    {
        nint pair = 2 * channels, square = 2 * pair;
        // Squares whose columns are the picture's, but for the last one.
        int first = oddX, last = Math.Max(first, (picture.Width + oddX) / 2 - 1);
        for (var line = begin; line < end; line++)
        {
            var (n, row) = Math.DivRem(line, height);
            var y = 2 * row - oddY;
            float* from = picture.Data + n * picture.Image + y * picture.Row, target = to + line * width * square;
            if (y < 0 || y + 1 >= picture.Height)
            {
                Squares(0, width);
                continue;
            }
            Squares(0, first);
            // Whole vectors: what they write beyond a pair, never more than a pair, is the next one's, which is copied after it.
            for (var x = first; x < last; x++)
            {
                float* pixels = from + (2 * x - oddX) * channels, at = target + x * square;
                Whole(pixels, at, pair);
                Whole(pixels + picture.Row, at + pair, pair);
            }
            Squares(last, width);

            // Those of the line that may reach beyond the picture.
            void Squares(int x, int behind)
            {
                for (; x < behind; x++)
                    for (var inner = 0; inner < 4; inner++)
                    {
                        int down = inner / 2, column = 2 * x - oddX + inner % 2;
                        var pixel = target + x * square + inner * channels;
                        if ((uint)(y + down) < (uint)picture.Height && (uint)column < (uint)picture.Width) Panels.Copy(from + down * picture.Row + column * channels, pixel, channels);
                        else new Span<float>(pixel, channels).Clear();
                    }
            }
        }
    });

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Whole(float* from, float* to, nint count)
    {
        for (nint i = 0; i < count; i += Vector128<float>.Count) Vector128.Load(from + i).Store(to + i);
    }
}
