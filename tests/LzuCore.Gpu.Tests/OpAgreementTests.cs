using LzuCore.Gpu.Tests.Runtime;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Testing;

namespace LzuCore.Gpu.Tests;

/// <summary>Every op case on device <c>ilgpu</c>: values and gradients equal the CPU's. A kernel that the device lacks is a failure.</summary>
public sealed class OpAgreementTests
{
    private static readonly Device Host = new("ilgpu");

    // Through the driver layer: kernels are compiled, and start from the bytes of their arguments.
    private static readonly Device MadeUp = new("madeup");

    private static IEnumerable<TestCaseData> Ops => AllOpCases.Files.Select(f => new TestCaseData(f).SetArgDisplayNames(f.Op));

    [TestCaseSource(nameof(Ops))]
    public void Forward_EqualsTheCpu(OpCases op) => Forward(op, Host);

    [TestCaseSource(nameof(Ops))]
    public void Backward_EqualsTheCpu(OpCases op) => Backward(op, Host);

    [TestCaseSource(nameof(Ops)), NonParallelizable]
    public void ThroughTheDriverLayer_EqualsTheCpu(OpCases op)
    {
        FakeCuda.Reset();
        try
        {
            Forward(op, MadeUp);
            Backward(op, MadeUp);
        }
        finally
        {
            Assert.That(FakeCuda.Faults, Is.Empty, string.Join("\n", FakeCuda.Faults));
        }
    }

    // On a real GPU, where there is one: with cuDNN and cuBLASLt if they are found, so what they serve is compared too.
    [TestCaseSource(nameof(Ops)), Category("Gpu")]
    public void OnAGpu_EqualsTheCpu(OpCases op)
    {
        RealGpu.Require();
        Forward(op, RealGpu.Device);
        Backward(op, RealGpu.Device);
    }

    private static void Forward(OpCases op, Device gpu) => ForEach(op, c =>
    {
        var expected = c.Apply(c.Inputs);
        var got = c.Apply([.. c.Inputs.Select(i => i.To(gpu))]);
        Assert.That(got.Device, Is.EqualTo(gpu), c.ToString());
        Assert.That(got.DType, Is.EqualTo(expected.DType), c.ToString());
        Assert.That(AssertClose.Compare(got.To(Device.Cpu), expected, c.Tolerance), Is.Null, c.ToString());
    });

    private static void Backward(OpCases op, Device gpu) => ForEach(op, c =>
    {
        if (Gradients(c, Device.Cpu) is not { } expected) return;
        var got = Gradients(c, gpu)!;
        Assert.That(got, Has.Length.EqualTo(expected.Length), c.ToString());
        for (var i = 0; i < got.Length; i++)
            Assert.That(AssertClose.Compare(got[i], expected[i], Math.Max(c.Tolerance, 1e-5)), Is.Null, $"{c}: gradient of input {i}");
    });

    // The gradients of the inputs that want one, back on the host; null when the output depends on none of them.
    private static Tensor[]? Gradients(OpCase c, Device device)
    {
        if (!c.Inputs.Any(i => i.DType.IsFloating())) return null;
        var inputs = c.Inputs.Select((t, i) => Wants(c, i) ? t.To(device).WithGrad() : t.To(device)).ToArray();
        var output = c.Apply(inputs);
        if (!output.RequiresGrad || !output.DType.IsFloating()) return null;
        var upstream = Tensor.Uniform(output.Shape, RandomSource.FromSeed(9), -1, 1, output.DType).To(device);
        var gradients = LzuCore.Tensors.Autograd.Gradients.Of(output, upstream);
        return [.. inputs.Where((_, i) => Wants(c, i)).Select(t => gradients.Find(t)).OfType<Tensor>().Select(g => g.To(Device.Cpu))];
    }

    private static bool Wants(OpCase c, int i) => c.Inputs[i].DType is DType.Float32 or DType.Float64 && (c.Differentiable is null || c.Differentiable.Contains(i));

    private static void ForEach(OpCases op, Action<OpCase> check)
    {
        foreach (var c in op.All().Where(c => c is { BenchmarkOnly: false, Because: null })) check(c);
    }
}
