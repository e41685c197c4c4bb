using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Testing;

namespace LzuCore.Gpu.Tests;

/// <summary>Every op case on device <c>ilgpu</c>: values and gradients equal the CPU's. Ops whose kernels the device lacks are reported as skipped, with the kernel's name.</summary>
public sealed class OpAgreementTests
{
    private static readonly Device Gpu = new("ilgpu");

    // These run on the device, all of their cases: a missing kernel is a failure here.
    private static readonly string[] Promised = ["add", "relu", "views", "grid_sample", "interpolate"];

    private static IEnumerable<TestCaseData> Cases => AllOpCases.All.Where(c => c is { BenchmarkOnly: false, Because: null })
        .Select(c => new TestCaseData(c).SetArgDisplayNames(c.ToString()));

    [TestCaseSource(nameof(Cases))]
    public void Forward_EqualsTheCpu(OpCase c)
    {
        var expected = c.Apply(c.Inputs);
        var got = OnDevice(c, () => c.Apply([.. c.Inputs.Select(i => i.To(Gpu))]).To(Device.Cpu));
        Assert.That(got.DType, Is.EqualTo(expected.DType));
        Assert.That(AssertClose.Compare(got, expected, c.Tolerance), Is.Null);
    }

    [TestCaseSource(nameof(Cases))]
    public void Backward_EqualsTheCpu(OpCase c)
    {
        if (!c.Inputs.Any(i => i.DType.IsFloating())) Assert.Pass("no floating input");
        var expected = Gradients(c, Device.Cpu);
        if (expected is null) Assert.Pass("not differentiable");
        var got = OnDevice(c, () => Gradients(c, Gpu)!);
        for (var i = 0; i < got.Length; i++)
            Assert.That(AssertClose.Compare(got[i], expected![i], Math.Max(c.Tolerance, 1e-5)), Is.Null, $"gradient of input {i}");
    }

    // The gradients of the inputs that want one, back on the host; null when the output depends on none of them.
    private static Tensor[]? Gradients(OpCase c, Device device)
    {
        var inputs = c.Inputs.Select((t, i) => Wants(c, i) ? t.To(device).WithGrad() : t.To(device)).ToArray();
        var output = c.Apply(inputs);
        if (!output.RequiresGrad || !output.DType.IsFloating()) return null;
        var upstream = Tensor.Uniform(output.Shape, RandomSource.FromSeed(9), -1, 1, output.DType).To(device);
        var gradients = LzuCore.Tensors.Autograd.Gradients.Of(output, upstream);
        return [.. inputs.Where((_, i) => Wants(c, i)).Select(t => gradients.Find(t)).OfType<Tensor>().Select(g => g.To(Device.Cpu))];
    }

    private static bool Wants(OpCase c, int i) => c.Inputs[i].DType is DType.Float32 or DType.Float64 && (c.Differentiable is null || c.Differentiable.Contains(i));

    private static T OnDevice<T>(OpCase c, Func<T> run)
    {
        try
        {
            return run();
        }
        catch (KernelNotFoundException e) when (!Promised.Contains(c.Op))
        {
            Assert.Ignore(e.Message);
            throw;
        }
    }
}
