using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Depthwise convolution (one input and one output channel a group): lanes are channels, a pixel's taps are summed in registers one vector of channels
// after another. Bound by reading, not by arithmetic, so Vector<float> of any width does. Weights are turned to [tap][channel] first.
internal static unsafe class DepthwiseConv
{
    private const int ChannelBlock = 64;

    /// <summary>target = epilogue(phase(source)).</summary>
    public static void Run(Picture source, Phase phase, float* weight, int taps, int channels, in Epilogue epilogue, Picture target)
    {
        using var turned = Scratch.Floats((long)taps * channels);
        var w = turned.Pointer;
        for (var c = 0; c < channels; c++)
            for (var t = 0; t < taps; t++) w[(long)t * channels + c] = weight[(long)c * taps + t];
        var bias = epilogue.Bias is { } b ? b.Pointer<float>() : null;
        var residual = epilogue.Residual is { } rest ? rest.Pointer<float>() : null;
        var floor = epilogue.Activation == Activation.Relu ? 0 : float.NegativeInfinity;
        ParallelRows.For(source.Batch * phase.Rows, 2, (begin, end) =>
        {
            // The pixels that the taps read, and their weights; taps in the padding drop out.
            var reads = stackalloc float*[phase.Taps.Length];
            var weights = stackalloc float*[phase.Taps.Length];
            for (var row = begin; row < end; row++)
            {
                var (n, r) = Math.DivRem(row, phase.Rows);
                for (var q = 0; q < phase.Columns; q++)
                {
                    var count = 0;
                    foreach (var tap in phase.Taps)
                    {
                        int y = r * phase.SourceStepY + tap.Dy, x = q * phase.SourceStepX + tap.Dx;
                        if ((uint)y >= (uint)source.Height || (uint)x >= (uint)source.Width) continue;
                        reads[count] = source.Data + n * source.Image + y * source.Row + x * source.Pixel;
                        weights[count++] = w + (long)tap.Weight * channels;
                    }
                    var to = target.Data + n * target.Image + (phase.OriginY + r * phase.StepY) * target.Row + (phase.OriginX + q * phase.StepX) * target.Pixel;
                    var add = residual is null ? null : residual + (to - target.Data);
                    var c = 0;
                    for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
                    {
                        var sum = bias is null ? Vector<float>.Zero : Vector.Load(bias + c);
                        for (var k = 0; k < count; k++) sum = Vector.MultiplyAddEstimate(Vector.Load(reads[k] + c), Vector.Load(weights[k] + c), sum);
                        if (add is not null) sum += Vector.Load(add + c);
                        var low = new Vector<float>(floor);
                        Vector.ConditionalSelect(Vector.LessThan(sum, low), low, sum).Store(to + c);
                    }
                    for (; c < channels; c++)
                    {
                        var sum = bias is null ? 0 : bias[c];
                        for (var k = 0; k < count; k++) sum = float.MultiplyAddEstimate(reads[k][c], weights[k][c], sum);
                        if (add is not null) sum += add[c];
                        to[c] = sum < floor ? floor : sum;
                    }
                }
            }
        });
    }

    /// <summary>dWeight[c][tap] = sum over pixels of dOutput · input. A unit owns a block of channels.</summary>
    public static void BackwardWeight(Picture source, Phase phase, Picture dOutput, int channels, float* dWeight)
    {
        var taps = phase.Taps.Length;
        ParallelRows.For((channels + ChannelBlock - 1) / ChannelBlock, 1, (begin, end) =>
        {
            var sums = stackalloc float[ChannelBlock];
            for (var block = begin; block < end; block++)
            {
                int first = block * ChannelBlock, count = Math.Min(ChannelBlock, channels - first);
                for (var t = 0; t < taps; t++)
                {
                    new Span<float>(sums, ChannelBlock).Clear();
                    for (var row = 0; row < source.Batch * phase.Rows; row++)
                    {
                        var (n, r) = Math.DivRem(row, phase.Rows);
                        var y = r * phase.SourceStepY + phase.Taps[t].Dy;
                        if ((uint)y >= (uint)source.Height) continue;
                        for (var q = 0; q < phase.Columns; q++)
                        {
                            var x = q * phase.SourceStepX + phase.Taps[t].Dx;
                            if ((uint)x >= (uint)source.Width) continue;
                            AddProduct(source.Data + n * source.Image + y * source.Row + x * source.Pixel + first, dOutput.Data + n * dOutput.Image + r * dOutput.Row + q * dOutput.Pixel + first, sums, count);
                        }
                    }
                    for (var c = 0; c < count; c++) dWeight[(long)(first + c) * taps + t] = sums[c];
                }
            }
        });
    }

    private static void AddProduct(float* a, float* b, float* sums, int count)
    {
        var c = 0;
        for (; c <= count - Vector<float>.Count; c += Vector<float>.Count)
            Vector.MultiplyAddEstimate(Vector.Load(a + c), Vector.Load(b + c), Vector.Load(sums + c)).Store(sums + c);
        for (; c < count; c++) sums[c] = float.MultiplyAddEstimate(a[c], b[c], sums[c]);
    }
}
