using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Running sums. Each line along the axis is summed in order by one thread; lines are shared out.
internal sealed unsafe class ScanKernel : IScanKernel
{
    public void CumulativeSum(int axis, bool reversed, TensorView input, TensorView output)
    {
        if (output.DType == DType.Float64) Run<double>(axis, reversed, input, output);
        else Run<float>(axis, reversed, input, output);
    }

    private static void Run<T>(int axis, bool reversed, TensorView input, TensorView output) where T : unmanaged, INumber<T>
    {
        var length = input.Shape[axis];
        if (input.Count == 0) return;
        var loop = new StridedLoop(output.Layout.Narrow(axis, 0, 1), input.Layout.Narrow(axis, 0, 1));
        long so = loop.InnerStrides[0], si = loop.InnerStrides[1], stepOut = output.Layout.Strides[axis], stepIn = input.Layout.Strides[axis];
        T* y = output.Pointer<T>() - output.Layout.Offset, x = input.Pointer<T>() - input.Layout.Offset;
        loop.Run((at, n) =>
        {
            for (long i = 0; i < n; i++)
            {
                T* py = y + at[0] + i * so, px = x + at[1] + i * si;
                double total = 0;
                for (long k = 0; k < length; k++)
                {
                    var j = reversed ? length - 1 - k : k;
                    total += double.CreateTruncating(px[j * stepIn]);
                    py[j * stepOut] = T.CreateTruncating(total);
                }
            }
        }, length);
    }
}
