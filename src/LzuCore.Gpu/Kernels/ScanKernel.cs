using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Running sums along one axis in three passes of one thread per (chunk, line): the chunks' sums; each line's sums before a chunk; the running sums. All carried in float64.
internal sealed class ScanKernel(Launcher launcher, Backend backend) : IScanKernel
{
    public void CumulativeSum(int axis, bool reversed, TensorView input, TensorView output)
    {
        if (output.DType == DType.Float64) Run<double, DoubleReal>(axis, reversed, input, output);
        else Run<float, SingleReal>(axis, reversed, input, output);
    }

    private void Run<T, TReal>(int axis, bool reversed, TensorView input, TensorView output) where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        if (input.Count == 0) return;
        var length = input.Shape[axis];
        var walk = new StridedWalk(output.Layout.Narrow(axis, 0, 1), input.Layout.Narrow(axis, 0, 1));
        var cut = Chunks.Of(length);
        using var scratch = new Scratch(backend, DType.Float64, walk.Count * cut.Number);
        var line = new Line(length, reversed ? 1 : 0, cut.Length, (int)walk.Count, input.Layout.Strides[axis], output.Layout.Strides[axis], walk.Sizes, walk[1], walk[0]);
        var (x, sums) = (input.Elements<T>(), scratch.Elements<double>());
        launcher.Launch(walk.Count * cut.Number, new ChunkPass<T, TReal>(line, x, sums), grain: 64);
        launcher.Launch(walk.Count, new OffsetPass(cut.Number, (int)walk.Count, sums), grain: 256);
        launcher.Launch(walk.Count * cut.Number, new RunningPass<T, TReal>(line, x, sums, output.Elements<T>()), grain: 64);
    }

    /// <summary>How a line is walked; thread index = chunk · lines + line.</summary>
    internal readonly struct Line(int length, int reversed, int chunk, int lines, long stepX, long stepY, Sizes sizes, Strides sx, Strides sy)
    {
        private readonly int _length = length, _reversed = reversed, _chunk = chunk, _lines = lines;
        private readonly long _stepX = stepX, _stepY = stepY;
        private readonly Sizes _sizes = sizes;
        private readonly Strides _sx = sx, _sy = sy;

        public int Begin(int index) => index / _lines * _chunk;

        public int End(int index) => _length - Begin(index) < _chunk ? _length : Begin(index) + _chunk;

        public long Input(int index) => _sx.Of(_sizes.At(index % _lines));

        public long Output(int index) => _sy.Of(_sizes.At(index % _lines));

        public long InputStep(int i) => Place(i) * _stepX;

        public long OutputStep(int i) => Place(i) * _stepY;

        private int Place(int i) => _reversed != 0 ? _length - 1 - i : i;
    }

    internal readonly struct ChunkPass<T, TReal>(Line line, ArrayView<T> x, ArrayView<double> sums) : IKernelBody where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var from = line.Input(index);
            double total = 0;
            for (var i = line.Begin(index); i < line.End(index); i++) total += TReal.ToDouble(x[from + line.InputStep(i)]);
            sums[index] = total;
        }
    }

    internal readonly struct OffsetPass(int chunks, int lines, ArrayView<double> sums) : IKernelBody
    {
        public void Run(int index)
        {
            double total = 0;
            for (var chunk = 0; chunk < chunks; chunk++)
            {
                var at = (long)chunk * lines + index;
                var sum = sums[at];
                sums[at] = total;
                total += sum;
            }
        }
    }

    internal readonly struct RunningPass<T, TReal>(Line line, ArrayView<T> x, ArrayView<double> sums, ArrayView<T> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            long from = line.Input(index), to = line.Output(index);
            var total = sums[index];
            for (var i = line.Begin(index); i < line.End(index); i++)
            {
                total += TReal.ToDouble(x[from + line.InputStep(i)]);
                y[to + line.OutputStep(i)] = TReal.From(total);
            }
        }
    }
}
