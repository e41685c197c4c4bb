using ILGPU;
using ILGPU.Runtime.CPU;
using LzuCore.Gpu.Kernels;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Testing;

namespace LzuCore.Gpu.Tests.Kernels;

/// <summary>Deformable convolution with room for a few pixels of scratch only: the same results, piece by piece.</summary>
public sealed class DeformConv2dKernelTests
{
    [TestCase(1, 1)]
    [TestCase(2, 4)]
    public void InPieces_EqualsTheWhole(int groups, int deformGroups)
    {
        using var context = Context.Create(b => b.CPU());
        using var accelerator = context.CreateCPUAccelerator(0, CPUAcceleratorMode.Auto);
        var backend = BackendRegistry.Get(new LzuCore.Memory.Device("ilgpu"));
        IDeformConv2dKernel whole = backend.Kernel<IDeformConv2dKernel>(), pieces = new DeformConv2dKernel(new HostLauncher(accelerator, simulate: false), backend, columnValues: 7 * 9 * 8);
        var args = new DeformConv2dArgs(new(1, 1, 1, groups), deformGroups);
        int[] input = [2, 8, 6, 5], weight = [4, 8 / groups, 3, 3], offset = [2, 18 * deformGroups, 6, 5], mask = [2, 9 * deformGroups, 6, 5], output = [2, 4, 6, 5];
        var (x, w, o, m, b, r, dy) = (Random(input, 1), Random(weight, 2), Random(offset, 3), Random(mask, 4), Random([4], 5), Random(output, 6), Random(output, 7));
        Tensor[] Run(IDeformConv2dKernel kernel)
        {
            Tensor[] results = [.. new[] { output, input, weight, offset, mask }.Select(s => Tensor.Empty(s, device: backend.Device))];
            kernel.Forward(args, x.View, w.View, o.View, m.View, new Epilogue(b.View, r.View, Activation.Relu), results[0].View);
            kernel.Backward(args, x.View, w.View, o.View, m.View, dy.View, results[1].View, results[2].View, results[3].View, results[4].View);
            return [.. results.Select(t => LzuCore.Ops.F.To(t, LzuCore.Memory.Device.Cpu))];
        }
        foreach (var (got, expected) in Run(pieces).Zip(Run(whole))) Assert.That(AssertClose.Compare(got, expected, 1e-6), Is.Null);

        Tensor Random(int[] shape, ulong seed) => LzuCore.Ops.F.To(Tensor.Uniform(shape, RandomSource.FromSeed(seed), -1.3, 1.3), backend.Device);
    }
}
