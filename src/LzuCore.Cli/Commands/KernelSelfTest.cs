using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Warping;

namespace LzuCore.Cli.Commands;

/// <summary>One small sum a kernel, whose answer is known without it. Says that a kernel runs here and is not broken; the test suite says that it is right.</summary>
internal static class KernelSelfTest
{
    private static readonly float[] Numbers = [3, -1, 2, 5];

    private static readonly Dictionary<string, (Func<Device, Tensor> Work, double[] Expected)> Tests = new()
    {
        ["IAttractionKernel"] = (d => SaliencyToGrid.Apply(Tensor.Ones([1, 1, 3, 3]).To(d), new SaliencyToGridOptions { Separable = false }).Nodes.Narrow(1, 0, 1).Narrow(2, 2, 1), [1, -1]),
        ["IAxisWarpKernel"] = (d => WarpGrid.FromKnots(Line(d, -1, -0.5f, 1).Reshape(1, 3), Line(d, -1, 0, 1).Reshape(1, 3)).Invert((1, 5)).Coordinates.Narrow(3, 0, 1), [-1, 0, 1.0 / 3, 2.0 / 3, 1]),
        ["ICompareKernel"] = (d => X(d).Greater(1), [1, 0, 1, 1]),
        ["IConv2dKernel"] = (d => F.Conv2d(X(d).Reshape(1, 1, 2, 2), Line(d, 1, 2, 3, 4).Reshape(1, 1, 2, 2)), [27]),
        ["ICopyKernel"] = (d => Tensor.Full([4], 7, device: d), [7, 7, 7, 7]),
        ["IDeformConv2dKernel"] = (d => F.DeformConv2d(X(d).Reshape(1, 1, 2, 2), Line(d, 2).Reshape(1, 1, 1, 1), null, Tensor.Full([1, 2, 2, 2], 0.5, device: d), null), [4.5, 2, 3.5, 2.5]),
        ["IGatherKernel"] = (d => X(d).Gather(0, Tensor.From<long>([3, 0], [2]).To(d)), [5, 3]),
        ["IGemmKernel"] = (d => X(d).Reshape(2, 2).MatMul(X(d).Reshape(2, 2)), [7, -8, 16, 23]),
        ["IGridSampleKernel"] = (d => F.GridSample(X(d).Reshape(1, 1, 2, 2), Line(d, -1, -1, 0, 0).Reshape(1, 1, 2, 2), SamplingMode.Bilinear, PaddingMode.Zeros, alignCorners: true), [3, 2.25]),
        ["IInterpolateKernel"] = (d => F.Interpolate(X(d).Reshape(1, 1, 2, 2), (1, 3), InterpolationMode.Bilinear, alignCorners: true), [3, 1, -1]),
        ["IKernelDensityKernel"] = (d => new KernelDensitySaliency((2, 2)).Map(Line(d, 2, 2, 6, 6).Reshape(1, 4), (8, 8)), [0.25, 0.25, 0.25, 0.25]),
        ["IMapKernel"] = (d => X(d).Relu(), [3, 0, 2, 5]),
        ["INormKernel"] = (d => F.BatchNorm(X(d).Reshape(2, 2, 1, 1), Line(d, 1, 1), Line(d, 4, 4), null, null, training: false, eps: 0), [1, -1, 0.5, 2]),
        ["IPadKernel"] = (d => F.Pad(X(d).Reshape(1, 1, 2, 2), 1, 0, 0, 0, PadMode.Constant), [0, 3, -1, 0, 2, 5]),
        ["IPlaneWarpKernel"] = (d => WarpGrid.FromNodes(WarpGrid.Identity((2, 2)).Nodes.To(DType.Float32).To(d)).Invert((1, 2)).Coordinates.Narrow(3, 0, 1), [-1, 1]),
        ["IPool2dKernel"] = (d => F.MaxPool2d(X(d).Reshape(1, 1, 2, 2), 2), [5]),
        ["IReduceKernel"] = (d => X(d).Sum(0), [9]),
        ["IScanKernel"] = (d => X(d).CumSum(0), [3, 2, 4, 9]),
        ["ISeparableSampleKernel"] = (d => WarpGrid.FromKnots(Line(d, -1, 1).Reshape(1, 2), Line(d, -1, 1).Reshape(1, 2)).Zoom(X(d).Reshape(1, 1, 2, 2), (1, 1)), [3]),
        ["ISoftmaxKernel"] = (d => Line(d, 0, 0).Softmax(0), [0.5, 0.5]),
        ["ISortKernel"] = (d => X(d).Sort(0).Values, [-1, 2, 3, 5]),
        ["IZipKernel"] = (d => X(d) + X(d), [6, -2, 4, 10]),
    };

    /// <summary>Runs the test of a contract on a device: null where there is none, otherwise whether it held and what to say.</summary>
    public static (bool Ok, string Detail)? Run(string contract, Device device)
    {
        if (!Tests.TryGetValue(contract, out var test)) return null;
        using var off = Grad.Off();
        using var scope = new TensorScope();
        try
        {
            var got = test.Work(device).To(Device.Cpu).To(DType.Float64).ToArray<double>();
            return got.Length == test.Expected.Length && got.Zip(test.Expected, (a, b) => Math.Abs(a - b)).All(e => e <= 1e-5)
                ? (true, "self-test passed")
                : (false, $"self-test failed: got {string.Join(", ", got)}, expected {string.Join(", ", test.Expected)}; report this with the first lines of 'lzu doctor'");
        }
        catch (LzuException fault)
        {
            return (false, $"self-test failed: {fault.Message}");
        }
    }

    private static Tensor X(Device device) => Line(device, Numbers);

    private static Tensor Line(Device device, params float[] values) => Tensor.From(values, [values.Length]).To(device);
}
