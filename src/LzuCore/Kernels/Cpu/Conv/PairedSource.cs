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
        for (var line = begin; line < end; line++)
        {
            var (n, row) = Math.DivRem(line, height);
            for (var inner = 0; inner < 2; inner++)
            {
                var y = 2 * row - oddY + inner;
                var target = to + (long)line * width * square + inner * pair;
                if ((uint)y >= (uint)picture.Height)
                {
                    for (var x = 0; x < width; x++) new Span<float>(target + x * square, (int)pair).Clear();
                    continue;
                }
                var from = picture.Data + n * picture.Image + y * picture.Row;
                for (var x = 0; x < width; x++)
                {
                    int left = 2 * x - oddX;
                    if (left >= 0 && left + 1 < picture.Width)
                    {
                        Panels.Copy(from + left * channels, target + x * square, (int)pair);
                        continue;
                    }
                    new Span<float>(target + x * square, (int)pair).Clear();
                    if (left >= 0) Panels.Copy(from + left * channels, target + x * square, channels);
                    else Panels.Copy(from, target + x * square + channels, channels);
                }
            }
        }
    });
}
