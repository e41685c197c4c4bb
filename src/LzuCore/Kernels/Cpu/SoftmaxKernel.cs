using System.Buffers;
using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Softmax along one axis. A line is copied into scratch padded to whole vectors (with -inf, which adds nothing to the sum), worked on there and
// written back, so every stride takes the vector path. For channels-last activations and axis 1 a line is contiguous. Sums are carried in float64.
internal sealed unsafe class SoftmaxKernel : ISoftmaxKernel
{
    private static int Padded(int length) => (length + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;

    public void Forward(int axis, bool logarithm, TensorView input, TensorView output)
    {
        if (input.Count == 0) return;
        var length = input.Shape[axis];
        var loop = new StridedLoop(output.Layout.Narrow(axis, 0, 1), input.Layout.Narrow(axis, 0, 1));
        long so = loop.InnerStrides[0], si = loop.InnerStrides[1], stepOut = output.Layout.Strides[axis], stepIn = input.Layout.Strides[axis];
        if (output.DType == DType.Float64)
        {
            double* y = output.Pointer<double>() - output.Layout.Offset, x = input.Pointer<double>() - input.Layout.Offset;
            loop.Run((at, n) =>
            {
                for (long i = 0; i < n; i++) Line(length, logarithm, x + at[1] + i * si, stepIn, y + at[0] + i * so, stepOut);
            }, length);
            return;
        }
        float* yf = output.Pointer<float>() - output.Layout.Offset, xf = input.Pointer<float>() - input.Layout.Offset;
        loop.Run((at, n) =>
        {
            var scratch = ArrayPool<float>.Shared.Rent(Padded(length));
            var line = scratch.AsSpan(0, Padded(length));
            for (long i = 0; i < n; i++)
            {
                line[length..].Fill(float.NegativeInfinity);
                Read(line[..length], xf + at[1] + i * si, stepIn);
                Line(line, logarithm);
                Write(line[..length], yf + at[0] + i * so, stepOut);
            }
            ArrayPool<float>.Shared.Return(scratch);
        }, length);
    }

    public void Backward(int axis, bool logarithm, TensorView output, TensorView dOutput, TensorView dInput)
    {
        if (output.Count == 0) return;
        var length = output.Shape[axis];
        var loop = new StridedLoop(dInput.Layout.Narrow(axis, 0, 1), output.Layout.Narrow(axis, 0, 1), dOutput.Layout.Narrow(axis, 0, 1));
        long s0 = loop.InnerStrides[0], s1 = loop.InnerStrides[1], s2 = loop.InnerStrides[2];
        long t0 = dInput.Layout.Strides[axis], t1 = output.Layout.Strides[axis], t2 = dOutput.Layout.Strides[axis];
        if (output.DType == DType.Float64)
        {
            double* dx = dInput.Pointer<double>() - dInput.Layout.Offset, y = output.Pointer<double>() - output.Layout.Offset, dy = dOutput.Pointer<double>() - dOutput.Layout.Offset;
            loop.Run((at, n) =>
            {
                for (long i = 0; i < n; i++)
                {
                    double* p0 = dx + at[0] + i * s0, p1 = y + at[1] + i * s1, p2 = dy + at[2] + i * s2;
                    double sum = 0;
                    for (long j = 0; j < length; j++) sum += logarithm ? p2[j * t2] : p2[j * t2] * p1[j * t1];
                    for (long j = 0; j < length; j++) p0[j * t0] = logarithm ? p2[j * t2] - Math.Exp(p1[j * t1]) * sum : p1[j * t1] * (p2[j * t2] - sum);
                }
            }, length);
            return;
        }
        float* dxf = dInput.Pointer<float>() - dInput.Layout.Offset, yf = output.Pointer<float>() - output.Layout.Offset, dyf = dOutput.Pointer<float>() - dOutput.Layout.Offset;
        loop.Run((at, n) =>
        {
            var scratch = ArrayPool<float>.Shared.Rent(2 * Padded(length));
            Span<float> y = scratch.AsSpan(0, Padded(length)), dy = scratch.AsSpan(Padded(length), Padded(length));
            y[length..].Clear();
            for (long i = 0; i < n; i++)
            {
                dy[length..].Clear();
                Read(y[..length], yf + at[1] + i * s1, t1);
                Read(dy[..length], dyf + at[2] + i * s2, t2);
                LineBackward(y, dy, logarithm);
                Write(dy[..length], dxf + at[0] + i * s0, t0);
            }
            ArrayPool<float>.Shared.Return(scratch);
        }, length);
    }

    private static void Read(Span<float> line, float* from, long stride)
    {
        if (stride == 1) new ReadOnlySpan<float>(from, line.Length).CopyTo(line);
        else for (var j = 0; j < line.Length; j++) line[j] = from[j * stride];
    }

    private static void Write(ReadOnlySpan<float> line, float* to, long stride)
    {
        if (stride == 1) line.CopyTo(new Span<float>(to, line.Length));
        else for (var j = 0; j < line.Length; j++) to[j * stride] = line[j];
    }

    private static void Line(Span<float> line, bool logarithm)
    {
        fixed (float* p = line)
        {
            var lanes = new Vector<float>(float.NegativeInfinity);
            for (var j = 0; j < line.Length; j += Vector<float>.Count) lanes = default(Maximum).Invoke(lanes, Vector.Load(p + j));
            var max = float.NegativeInfinity;
            for (var k = 0; k < Vector<float>.Count; k++) max = default(Maximum).Invoke(max, lanes[k]);
            var shift = new Vector<float>(max);
            Vector<double> low = Vector<double>.Zero, high = Vector<double>.Zero;
            for (var j = 0; j < line.Length; j += Vector<float>.Count)
            {
                var e = Vector.Exp(Vector.Load(p + j) - shift);
                Vector.Widen(e, out var l, out var h);
                low += l;
                high += h;
                if (!logarithm) e.Store(p + j);
            }
            var sum = Vector.Sum(low) + Vector.Sum(high);
            if (logarithm)
            {
                var log = new Vector<float>((float)Math.Log(sum));
                for (var j = 0; j < line.Length; j += Vector<float>.Count) (Vector.Load(p + j) - shift - log).Store(p + j);
            }
            else
            {
                var factor = new Vector<float>((float)(1 / sum));
                for (var j = 0; j < line.Length; j += Vector<float>.Count) (Vector.Load(p + j) * factor).Store(p + j);
            }
        }
    }

    // dy becomes dx; both are padded with zeros, which add nothing.
    private static void LineBackward(ReadOnlySpan<float> y, Span<float> dy, bool logarithm)
    {
        fixed (float* py = y, pd = dy)
        {
            Vector<double> low = Vector<double>.Zero, high = Vector<double>.Zero;
            for (var j = 0; j < dy.Length; j += Vector<float>.Count)
            {
                var d = Vector.Load(pd + j);
                Vector.Widen(logarithm ? d : d * Vector.Load(py + j), out var l, out var h);
                low += l;
                high += h;
            }
            var sum = new Vector<float>((float)(Vector.Sum(low) + Vector.Sum(high)));
            for (var j = 0; j < dy.Length; j += Vector<float>.Count)
            {
                Vector<float> v = Vector.Load(py + j), d = Vector.Load(pd + j);
                (logarithm ? d - Vector.Exp(v) * sum : v * (d - sum)).Store(pd + j);
            }
        }
    }

    private static void Line(int length, bool logarithm, double* x, long stepIn, double* y, long stepOut)
    {
        var max = double.NegativeInfinity;
        for (long j = 0; j < length; j++) max = default(Maximum).Invoke(max, x[j * stepIn]);
        double sum = 0;
        for (long j = 0; j < length; j++) sum += Math.Exp(x[j * stepIn] - max);
        var log = Math.Log(sum);
        for (long j = 0; j < length; j++) y[j * stepOut] = logarithm ? x[j * stepIn] - max - log : Math.Exp(x[j * stepIn] - max) / sum;
    }
}
