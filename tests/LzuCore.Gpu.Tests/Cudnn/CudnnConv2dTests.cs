using LzuCore.Gpu.Cudnn;
using LzuCore.Gpu.Interop;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Testing;

namespace LzuCore.Gpu.Tests.Cudnn;

/// <summary>The fixed-function convolution against a fake cuDNN that computes what it is told: values, choices, fallbacks, and that everything made is destroyed.</summary>
public sealed class CudnnConv2dTests
{
    private static readonly Conv2dArgs Plain = new(1, 1, 1, 1);
    private FakeCudnn _fake = null!;
    private RecordingConv2d _fallback = null!;

    [SetUp]
    public void Fake() => (_fake, _fallback) = (new FakeCudnn(), new RecordingConv2d());

    // Whatever a test did, its kernel is closed by now: nothing may be left, and nothing may have been touched after its end.
    [TearDown]
    public void NothingIsLeft()
    {
        Assert.That(_fake.Faults, Is.Empty);
        Assert.That(_fake.Alive.Values.Select(e => e.Kind), Is.Empty);
        _fake.Dispose();
    }

    private CudnnConv2d Kernel(LibraryOptions? options = null) => new(ConvOperands.Backend, _fake.Api(), stream: 42, _fallback, options);

    private static IEnumerable<TestCaseData> Geometries()
    {
        yield return Case("3x3, padding 1", Plain, [2, 3, 5, 6], [4, 3, 3, 3]);
        yield return Case("stride and dilation that differ by axis", new((2, 1), (1, 2), (1, 2), 1), [1, 2, 8, 9], [3, 2, 3, 2]);
        yield return Case("two groups", new(1, 1, 1, 2), [1, 4, 4, 5], [6, 2, 3, 3]);
        yield return Case("1x1, stride 2", new(2, 0, 1, 1), [2, 5, 6, 6], [3, 5, 1, 1]);
        yield return Case("depthwise", new(1, 1, 1, 3), [1, 3, 4, 4], [3, 1, 3, 3]);

        static TestCaseData Case(string name, Conv2dArgs args, int[] input, int[] weight) => new TestCaseData(args, input, weight).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Geometries))]
    public void AllDirections_EqualTheCpu(Conv2dArgs args, int[] input, int[] weight)
    {
        using var kernel = Kernel();
        var o = new ConvOperands(args, input, weight);
        AssertEqual(o.Forward(kernel, bias: false, residual: false, Activation.None));
        AssertEqual(o.Forward(kernel, bias: true, residual: true, Activation.Relu));
        AssertEqual(o.BackwardInput(kernel, epilogue: false));
        AssertEqual(o.BackwardInput(kernel, epilogue: true));
        AssertEqual(o.BackwardWeight(kernel));
        AssertEqual(o.BackwardBias(kernel));
        Assert.That(_fallback.Calls, Is.Empty);
    }

    [Test]
    public void Float64_GoesToTheFallback()
    {
        using var kernel = Kernel();
        var o = new ConvOperands(new(1, 1, 1, 1), [1, 4, 4, 5], [6, 4, 3, 3], DType.Float64);
        o.Forward(kernel, bias: true, residual: false, Activation.Relu);
        o.BackwardInput(kernel, epilogue: false);
        o.BackwardWeight(kernel);
        Assert.That(_fallback.Calls, Is.EqualTo(new[] { "forward", "backward input", "backward weight" }));
    }

    [Test]
    public void Descriptors_SayChannelsLast_WithDimsInTheOrderNchw()
    {
        using var kernel = Kernel();
        new ConvOperands(new((2, 1), (1, 0), (1, 2), 2), [2, 4, 7, 9], [6, 2, 3, 2]).Forward(kernel, bias: false, residual: false, Activation.None);
        Assert.That(_fake.Made.Where(e => e.Kind == "tensor").Select(e => e.Values), Is.EqualTo(new[] { new[] { 1, 0, 2, 4, 7, 9 }, [1, 0, 2, 6, 4, 7] }));
        Assert.That(_fake.Made.Single(e => e.Kind == "filter").Values, Is.EqualTo(new[] { 1, 0, 6, 2, 3, 2 }));
        var convolution = _fake.Made.Single(e => e.Kind == "convolution");
        Assert.That(convolution.Values, Is.EqualTo(new[] { 1, 0, 2, 1, 1, 2, 1, 0 }), "pad, stride, dilation, cross-correlation, float");
        Assert.That(convolution.Groups, Is.EqualTo(2));
        Assert.That(_fake.Made.Single(e => e.Kind == "handle").Values, Is.EqualTo(new[] { 42 }), "the stream");
    }

    [Test]
    public void TheFirstUseOfAShape_Searches_LaterUsesDoNot()
    {
        using var kernel = Kernel();
        var o = new ConvOperands(Plain, [1, 2, 4, 4], [3, 2, 3, 3]);
        o.Forward(kernel, bias: false, residual: false, Activation.None);
        string[] first =
        [
            "cudnnCreate", "cudnnSetStream",
            "cudnnCreateTensorDescriptor", "cudnnSetTensor4dDescriptor", "cudnnCreateFilterDescriptor", "cudnnSetFilter4dDescriptor",
            "cudnnCreateTensorDescriptor", "cudnnSetTensor4dDescriptor",
            "cudnnCreateConvolutionDescriptor", "cudnnSetConvolution2dDescriptor", "cudnnSetConvolutionGroupCount", "cudnnSetConvolutionMathType",
            "cudnnSetConvolutionMathType", "cudnnGetConvolutionForwardAlgorithm_v7",
            "cudnnSetConvolutionMathType", "cudnnGetConvolutionForwardWorkspaceSize(1)", "cudnnConvolutionForward",
        ];
        Assert.That(_fake.Calls, Is.EqualTo(first));
        o.Forward(kernel, bias: false, residual: false, Activation.None);
        Assert.That(_fake.Calls.Skip(first.Length), Is.EqualTo(new[] { "cudnnConvolutionForward" }));
        new ConvOperands(Plain, [1, 2, 4, 5], [3, 2, 3, 3]).Forward(kernel, bias: false, residual: false, Activation.None);
        Assert.That(_fake.CountOf("cudnnGetConvolutionForwardAlgorithm_v7"), Is.EqualTo(2), "another width is another problem");
    }

    [Test]
    public void Algorithms_ThatBreakARule_AreSkipped()
    {
        _fake.Algorithms =
        [
            FakeCudnn.Algorithm(6, CudnnMath.Fma, status: 3000),
            FakeCudnn.Algorithm(5, CudnnMath.Fma, deterministic: false),
            FakeCudnn.Algorithm(1, CudnnMath.TensorOp),
            FakeCudnn.Algorithm(7, CudnnMath.TensorOpAllowConversion),
            FakeCudnn.Algorithm(4, CudnnMath.Fma),
            FakeCudnn.Algorithm(2, CudnnMath.Fma),
            FakeCudnn.Algorithm(0, CudnnMath.Default),
        ];
        _fake.StatusOf = call => call == "cudnnGetConvolutionForwardWorkspaceSize(2)" ? 3000 : 0;
        _fake.WorkspaceOf = a => a == 4 ? 1001 : 1000;
        using var kernel = Kernel(new LibraryOptions(WorkspaceLimit: 1000));
        AssertEqual(new ConvOperands(Plain, [1, 2, 4, 4], [3, 2, 3, 3]).Forward(kernel, bias: false, residual: false, Activation.None));
        Assert.That(_fake.LastRun.Algorithm, Is.Zero, "4 wants too much memory, 2 is not supported in this arithmetic, the others break a rule");
        Assert.That(_fake.LastRun.Math, Is.EqualTo(CudnnMath.Fma), "the default would allow TF32");
        Assert.That(_fake.LastRun.Bytes, Is.EqualTo(1000));
        Assert.That(_fake.LastRun.Workspace, Is.Not.EqualTo((nint)0));
    }

    [Test]
    public void Tf32_RunsWhereItIsAllowed()
    {
        _fake.Algorithms = [FakeCudnn.Algorithm(1, CudnnMath.TensorOpAllowConversion), FakeCudnn.Algorithm(1, CudnnMath.Default), FakeCudnn.Algorithm(1, CudnnMath.Fma)];
        using var kernel = Kernel(new LibraryOptions(AllowTf32: true));
        new ConvOperands(Plain, [1, 2, 4, 4], [3, 2, 3, 3]).Forward(kernel, bias: false, residual: false, Activation.None);
        Assert.That(_fake.LastRun.Math, Is.EqualTo(CudnnMath.Default));
    }

    [Test]
    public void AlgorithmsThatAddByAtomics_AreSkipped_WhateverTheListSays()
    {
        _fake.Algorithms = [FakeCudnn.Algorithm(0, CudnnMath.Fma), FakeCudnn.Algorithm(3, CudnnMath.Fma), FakeCudnn.Algorithm(1, CudnnMath.Fma)];
        using var kernel = Kernel();
        var o = new ConvOperands(Plain, [1, 2, 4, 4], [3, 2, 3, 3]);
        o.BackwardWeight(kernel);
        Assert.That(_fake.LastRun.Algorithm, Is.EqualTo(1));
        o.BackwardInput(kernel, epilogue: false);
        Assert.That(_fake.LastRun.Algorithm, Is.EqualTo(3), "number 3 is FFT tiling for the input's gradient");
    }

    [TestCase(true, Activation.Relu, 1)]
    [TestCase(false, Activation.Relu, 1)]
    [TestCase(true, Activation.None, 5)]
    public void BiasResidualAndRelu_AreOneCall(bool residual, Activation activation, int mode)
    {
        _fake.Algorithms = [FakeCudnn.Algorithm(0, CudnnMath.Fma), FakeCudnn.Algorithm(1, CudnnMath.Fma)];
        using var kernel = Kernel();
        AssertEqual(new ConvOperands(Plain, [2, 3, 5, 6], [4, 3, 3, 3]).Forward(kernel, bias: true, residual, activation));
        Assert.That(_fake.CountOf("cudnnConvolutionBiasActivationForward"), Is.EqualTo(1));
        Assert.That(_fake.CountOf("cudnnConvolutionForward"), Is.Zero);
        Assert.That(_fake.LastRun.Algorithm, Is.EqualTo(1), "the only one that is safe in the fused call");
        Assert.That(_fake.LastRun.Alpha2, Is.EqualTo(residual ? 1 : 0));
        Assert.That(_fake.Made.Single(e => e.Kind == "activation").Values, Is.EqualTo(new[] { mode, 0, 0 }));
    }

    [Test]
    public void WhereTheFusedCallIsNotSupported_ThePlainOneAndPassesDoIt_AndItIsNotAskedAgain()
    {
        _fake.StatusOf = call => call == "cudnnConvolutionBiasActivationForward" ? 3000 : 0;
        using var kernel = Kernel();
        var o = new ConvOperands(Plain, [2, 3, 5, 6], [4, 3, 3, 3]);
        for (var i = 0; i < 2; i++) AssertEqual(o.Forward(kernel, bias: true, residual: true, Activation.Relu));
        Assert.That(_fake.CountOf("cudnnConvolutionBiasActivationForward"), Is.EqualTo(1));
        Assert.That(_fake.CountOf("cudnnConvolutionForward"), Is.EqualTo(2));
        Assert.That(_fallback.Calls, Is.Empty);
    }

    [Test]
    public void EveryEpilogue_InPasses_EqualsTheCpu([Values] bool bias, [Values] bool residual, [Values] Activation activation)
    {
        _fake.Algorithms = [FakeCudnn.Algorithm(0, CudnnMath.Fma)];
        using var kernel = Kernel();
        AssertEqual(new ConvOperands(Plain, [2, 3, 5, 6], [4, 3, 3, 3]).Forward(kernel, bias, residual, activation));
        Assert.That(_fake.CountOf("cudnnConvolutionBiasActivationForward"), Is.Zero, "algorithm 1 is not in the list");
        Assert.That(_fake.CountOf("cudnnConvolutionForward"), Is.EqualTo(1));
    }

    [TestCase("cudnnConvolutionForward")]
    [TestCase("cudnnGetConvolutionForwardAlgorithm_v7")]
    [TestCase("cudnnGetConvolutionForwardWorkspaceSize(1)")]
    [TestCase("cudnnSetFilter4dDescriptor")]
    public void WhatIsNotSupported_GoesToTheFallback_AndIsNotAskedAgain(string refused)
    {
        _fake.StatusOf = call => call == refused ? 3000 : 0;
        using var kernel = Kernel();
        var o = new ConvOperands(Plain, [1, 2, 4, 4], [3, 2, 3, 3]);
        for (var i = 0; i < 3; i++) o.Forward(kernel, bias: false, residual: false, Activation.None);
        Assert.That(_fallback.Calls, Is.EqualTo(new[] { "forward", "forward", "forward" }));
        Assert.That(_fake.CountOf(refused), Is.EqualTo(1));
    }

    [Test]
    public void TheAdjoints_FallBackToo()
    {
        _fake.StatusOf = call => call.StartsWith("cudnnConvolutionBackward", StringComparison.Ordinal) ? 3004 : 0;
        using var kernel = Kernel();
        var o = new ConvOperands(Plain, [1, 2, 4, 4], [3, 2, 3, 3]);
        o.BackwardInput(kernel, epilogue: true);
        o.BackwardWeight(kernel);
        o.BackwardBias(kernel);
        Assert.That(_fallback.Calls, Is.EqualTo(new[] { "backward input", "backward weight", "backward bias" }));
    }

    [Test]
    public void AnotherFailure_IsAnException()
    {
        _fake.StatusOf = call => call == "cudnnConvolutionForward" ? 5000 : 0;
        using var kernel = Kernel();
        var o = new ConvOperands(Plain, [1, 2, 4, 4], [3, 2, 3, 3]);
        Assert.That(() => o.Forward(kernel, bias: false, residual: false, Activation.None),
            Throws.TypeOf<NativeCallException>().With.Property(nameof(NativeCallException.Status)).EqualTo(5000));
        Assert.That(_fallback.Calls, Is.Empty);
    }

    [Test]
    public void EmptyAndHalfPrecisionOperands_GoToTheFallback_Unasked()
    {
        using var kernel = Kernel();
        var calls = _fake.Calls.Count;
        Tensor x = Tensor.Zeros([0, 2, 4, 4]).To(ConvOperands.Gpu), w = Tensor.Zeros([3, 2, 3, 3]).To(ConvOperands.Gpu), y = Tensor.Zeros([0, 3, 4, 4]).To(ConvOperands.Gpu);
        kernel.Forward(Plain, x.View, w.View, default, y.View);
        Tensor hx = Tensor.Zeros([1, 2, 4, 4], DType.Float16).To(ConvOperands.Gpu), hw = Tensor.Zeros([3, 2, 3, 3], DType.Float16).To(ConvOperands.Gpu), hy = Tensor.Zeros([1, 3, 4, 4], DType.Float16).To(ConvOperands.Gpu);
        kernel.Forward(Plain, hx.View, hw.View, default, hy.View);
        Assert.That(_fallback.Calls, Has.Count.EqualTo(2));
        Assert.That(_fake.Calls, Has.Count.EqualTo(calls));
    }

    [Test]
    public void TheContext_IsMadeCurrentBeforeEveryEntry()
    {
        var entries = new List<int>();
        using var kernel = Kernel(new LibraryOptions(MakeCurrent: () => entries.Add(_fake.Calls.Count)));
        Assert.That(entries, Is.EqualTo(new[] { 0 }), "before cudnnCreate");
        var o = new ConvOperands(Plain, [1, 2, 4, 4], [3, 2, 3, 3]);
        o.Forward(kernel, bias: false, residual: false, Activation.None);
        Assert.That(entries, Has.Count.EqualTo(2));
        Assert.That(entries[1], Is.EqualTo(2), "after cudnnCreate and cudnnSetStream, before anything else");
        o.BackwardBias(kernel);
        Assert.That(entries, Has.Count.EqualTo(3));
    }

    [Test]
    public void Workspaces_GoBackToThePool()
    {
        _fake.WorkspaceOf = _ => 4096;
        using var kernel = Kernel();
        var o = new ConvOperands(Plain, [1, 2, 4, 4], [3, 2, 3, 3]);
        o.Forward(kernel, bias: false, residual: false, Activation.None);
        var first = _fake.LastRun.Workspace;
        o.Forward(kernel, bias: false, residual: false, Activation.None);
        Assert.That(_fake.LastRun.Workspace, Is.EqualTo(first), "the same block, since it was returned");
    }

    private static void AssertEqual((Tensor Got, Tensor Expected) pair) => Assert.That(AssertClose.Compare(pair.Got, pair.Expected), Is.Null);
}
