using LzuCore.Gpu.Cudnn;
using LzuCore.Gpu.Interop;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Testing;

namespace LzuCore.Gpu.Tests.Cudnn;

/// <summary>The graph convolution against a fake that interprets the graph it is given: values, attributes, the choice of a plan, the cache, ownership.</summary>
public sealed class CudnnGraphConv2dTests
{
    private static readonly Conv2dArgs Plain = new(1, 1, 1, 1);
    private static readonly PlanHome Home = new("Fake GPU", 90, 132, 91200);
    private FakeCudnn _fake = null!;
    private RecordingConv2d _fallback = null!;
    private string _folder = null!;

    [SetUp]
    public void Fake()
    {
        (_fake, _fallback) = (new FakeCudnn(), new RecordingConv2d());
        _fake.Proposals[CudnnHeuristic.B] = [new("first")];
        _folder = Path.Combine(Path.GetTempPath(), $"lzu-plans-{Guid.NewGuid():N}");
    }

    [TearDown]
    public void NothingIsLeft()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
        Assert.That(_fake.Faults, Is.Empty);
        Assert.That(_fake.Alive.Values.Select(e => e.Kind), Is.Empty);
        _fake.Dispose();
    }

    // Times come from the engines' names, in the order that plans are executed.
    private CudnnGraphConv2d Kernel(Func<string, double>? timeOf = null, CudnnPlanCache? cache = null, LibraryOptions? options = null) =>
        new(ConvOperands.Backend, _fake.Api(), 42, _fallback, options ?? new LibraryOptions(AllowTf32: true), cache, launch =>
        {
            launch();
            return timeOf?.Invoke(_fake.Executed[^1]) ?? 1;
        });

    [Test]
    public void EveryEpilogue_EqualsTheCpu([Values] bool bias, [Values] bool residual, [Values] Activation activation)
    {
        using var kernel = Kernel();
        var o = new ConvOperands(new((2, 1), (1, 2), (1, 2), 2), [2, 4, 7, 9], [6, 2, 3, 2]);
        AssertEqual(o.Forward(kernel, bias, residual, activation));
        AssertEqual(o.Forward(kernel, bias, residual, activation));
        Assert.That(_fallback.Calls, Is.Empty);
        Assert.That(_fake.Executed, Has.Count.EqualTo(4), "one run to see whether it runs, one timed, one for each caller");
    }

    [TestCase(DType.Float16, 2, 2e-3)]
    [TestCase(DType.BFloat16, 9, 2e-2)]
    public void HalfPrecision_IsStoredAsSuch_AndSummedInFloat(DType dtype, int number, double tolerance)
    {
        using var kernel = Kernel(options: new LibraryOptions());
        var o = new ConvOperands(Plain, [2, 3, 5, 6], [4, 3, 3, 3]);
        Tensor x = o.Input.To(dtype).To(ConvOperands.Gpu), w = o.Weight.To(dtype).To(ConvOperands.Gpu), b = o.Bias.To(dtype).To(ConvOperands.Gpu), z = o.Residual.To(dtype).To(ConvOperands.Gpu);
        Tensor got = Tensor.Zeros(o.DOutput.Shape, dtype).To(ConvOperands.Gpu), expected = Tensor.Zeros(o.DOutput.Shape);
        kernel.Forward(Plain, x.View, w.View, new Epilogue(b.View, z.View, Activation.Relu), got.View);
        ConvOperands.Cpu.Forward(Plain, o.Input.View, o.Weight.View, new Epilogue(o.Bias.View, o.Residual.View, Activation.Relu), expected.View);
        Assert.That(AssertClose.Compare(got.To(Device.Cpu).To(DType.Float32), expected, tolerance), Is.Null);
        var types = OfType(CudnnBackendType.Tensor).Select(t => (Type: FakeCudnn.Number(t, CudnnAttribute.TensorDataType), Virtual: FakeCudnn.Bytes(t, CudnnAttribute.TensorIsVirtual) is [1])).ToList();
        Assert.That(types.Where(t => !t.Virtual).Select(t => t.Type), Is.EqualTo(new long[] { number, number, number, number, number }));
        Assert.That(types.Where(t => t.Virtual).Select(t => t.Type), Is.EqualTo(new long[] { 0, 0, 0 }), "between the steps: float");
        GC.KeepAlive((x, w, b, z));
    }

    [Test]
    public void Attributes_HaveTheNumbersTypesAndCountsOfTheHeader()
    {
        using var kernel = Kernel();
        new ConvOperands(new((2, 1), (1, 0), (1, 2), 1), [2, 4, 7, 9], [8, 4, 3, 2]).Forward(kernel, bias: true, residual: true, Activation.Relu);

        var x = OfType(CudnnBackendType.Tensor)[0];
        Assert.That(x.Attributes.Select(a => ((int)a.Name, (int)a.Type, a.Count)), Is.EqualTo(new[] { (901, 1, 1L), (902, 3, 4L), (903, 3, 4L), (906, 3, 1L), (900, 3, 1L) }));
        Assert.That(FakeCudnn.Numbers(x, CudnnAttribute.TensorDims), Is.EqualTo(new long[] { 2, 4, 7, 9 }));
        Assert.That(FakeCudnn.Numbers(x, CudnnAttribute.TensorStrides), Is.EqualTo(new long[] { 252, 1, 36, 4 }));
        var w = OfType(CudnnBackendType.Tensor)[1];
        Assert.That(FakeCudnn.Numbers(w, CudnnAttribute.TensorDims), Is.EqualTo(new long[] { 8, 4, 3, 2 }));
        Assert.That(FakeCudnn.Numbers(w, CudnnAttribute.TensorStrides), Is.EqualTo(new long[] { 24, 1, 8, 4 }));

        var convolution = OfType(CudnnBackendType.Convolution).Single();
        Assert.That(convolution.Attributes.Select(a => ((int)a.Name, (int)a.Type, a.Count)),
            Is.EquivalentTo(new[] { (100, 1, 1L), (101, 7, 1L), (102, 3, 2L), (103, 3, 2L), (104, 3, 2L), (105, 3, 2L), (106, 3, 1L) }));
        Assert.That(FakeCudnn.Number(convolution, CudnnAttribute.ConvolutionMode), Is.EqualTo(1), "cross-correlation");

        var forward = OfType(CudnnBackendType.ConvolutionForward).Single();
        Assert.That(forward.Attributes.Select(a => ((int)a.Name, (int)a.Type, a.Count)),
            Is.EquivalentTo(new[] { (700, 4, 1L), (701, 4, 1L), (702, 15, 1L), (703, 15, 1L), (704, 15, 1L), (705, 15, 1L) }));
        Assert.That(FakeCudnn.Bytes(forward, CudnnAttribute.ForwardAlpha), Is.EqualTo(BitConverter.GetBytes(1f)));
        Assert.That(FakeCudnn.Bytes(forward, CudnnAttribute.ForwardBeta), Is.EqualTo(BitConverter.GetBytes(0f)));

        var steps = OfType(CudnnBackendType.Pointwise).Select(p => FakeCudnn.Number(p, CudnnAttribute.PointwiseMode));
        Assert.That(steps, Is.EqualTo(new long[] { 0, 0, 100 }), "two sums, then ReLU");
        var terms = OfType(CudnnBackendType.PointwiseOperation).SkipLast(1).Select(o => _fake.IdOf((nint)FakeCudnn.Number(o, CudnnAttribute.PointwiseB)));
        Assert.That(terms, Is.EqualTo(new long[] { 'z', 'b' }), "the residual before the bias");
        Assert.That(OfType(CudnnBackendType.OperationGraph).Single().Attributes.Select(a => ((int)a.Name, (int)a.Type, a.Count)), Is.EqualTo(new[] { (800, 0, 1L), (801, 15, 4L) }));
        Assert.That(OfType(CudnnBackendType.ExecutionPlan).Single().Attributes.Select(a => ((int)a.Name, (int)a.Type)), Is.EqualTo(new[] { (400, 0), (401, 15) }));
        Assert.That(OfType(CudnnBackendType.VariantPack)[0].Attributes.Select(a => ((int)a.Name, (int)a.Type, a.Count)), Is.EqualTo(new[] { (1000, 3, 5L), (1001, 6, 5L), (1003, 6, 1L) }));
    }

    [Test]
    public void TheFastestOfTheFirstFew_IsKept()
    {
        _fake.Proposals[CudnnHeuristic.B] = [new("a"), new("b"), new("c"), new("d"), new("e")];
        using var kernel = Kernel(name => name switch { "c" => 1, "e" => 0.5, _ => 2 });
        var o = new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]);
        AssertEqual(o.Forward(kernel, bias: true, residual: false, Activation.Relu));
        _fake.Executed.Clear();
        AssertEqual(o.Forward(kernel, bias: true, residual: false, Activation.Relu));
        Assert.That(_fake.Executed, Is.EqualTo(new[] { "c" }), "e is the fifth, which is not timed");
    }

    [Test]
    public void Engines_ThatBreakARule_AreNotBuilt()
    {
        _fake.Proposals[CudnnHeuristic.B] =
        [
            new("rounds its inputs", Notes: [CudnnNumericalNote.TensorCore, CudnnNumericalNote.DownConvertInputs]),
            new("adds in any order", Notes: [CudnnNumericalNote.NonDeterministic]),
            new("cannot be made", PlanStatus: 3001),
            new("does not compile", PlanStatus: 4001),
            new("wants too much", Workspace: 1001),
            new("refuses to run", RunStatus: 3007),
            new("good", Workspace: 1000, Notes: [CudnnNumericalNote.TensorCore]),
        ];
        using var kernel = Kernel(options: new LibraryOptions(AllowTf32: true, WorkspaceLimit: 1000));
        AssertEqual(new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]).Forward(kernel, bias: true, residual: false, Activation.Relu));
        Assert.That(_fake.Executed.Distinct(), Is.EqualTo(new[] { "refuses to run", "good" }));
        Assert.That(_fake.LastPackWorkspace, Is.Not.EqualTo((nint)0));
    }

    [Test]
    public void WhatAHeuristicCannotPropose_TheNextDoes()
    {
        _fake.Proposals.Clear();
        _fake.Proposals[CudnnHeuristic.A] = [new("unusable", PlanStatus: 3000)];
        _fake.Proposals[CudnnHeuristic.Fallback] = [new("slow")];
        using var kernel = Kernel();
        AssertEqual(new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]).Forward(kernel, bias: false, residual: false, Activation.None));
        Assert.That(OfType(CudnnBackendType.EngineHeuristic).Select(h => FakeCudnn.Number(h, CudnnAttribute.HeuristicMode)), Is.EqualTo(new long[] { 1, 3, 2 }));
    }

    [TestCase("finalize OperationGraph", 3001)]
    [TestCase("finalize Tensor", 3002)]
    [TestCase("finalize ExecutionPlan", 4001)]
    [TestCase("execute", 3000)]
    public void WhatIsNotSupported_GoesToTheFallback_AndIsNotAskedAgain(string refused, int status)
    {
        _fake.StatusOf = call => call == refused ? status : 0;
        using var kernel = Kernel();
        var o = new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]);
        o.Forward(kernel, bias: true, residual: true, Activation.Relu);
        var asked = _fake.Calls.Count;
        o.Forward(kernel, bias: true, residual: true, Activation.Relu);
        Assert.That(_fallback.Calls, Is.EqualTo(new[] { "forward", "forward" }));
        Assert.That(_fake.Calls, Has.Count.EqualTo(asked));
    }

    [Test]
    public void APlanThatStopsRunning_GoesToTheFallback_ForGood()
    {
        _fake.Proposals[CudnnHeuristic.B] = [new("first", Workspace: 4096)];
        using var kernel = Kernel();
        var o = new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]);
        o.Forward(kernel, bias: true, residual: true, Activation.Relu);
        var block = _fake.LastPackWorkspace;
        o.Forward(kernel, bias: true, residual: true, Activation.Relu);
        Assert.That(_fake.LastPackWorkspace, Is.EqualTo(block), "the same workspace, since it was returned");
        _fake.StatusOf = call => call == "execute" ? 3000 : 0;
        for (var i = 0; i < 2; i++) o.Forward(kernel, bias: true, residual: true, Activation.Relu);
        Assert.That(_fallback.Calls, Has.Count.EqualTo(2));
        Assert.That(_fake.Executed, Has.Count.EqualTo(4), "the refusal is not counted, and nothing ran after it");
        Assert.That(_fake.CountOf("execute"), Is.EqualTo(5));
        Assert.That(OfType(CudnnBackendType.ExecutionPlan).Select(p => _fake.Alive.ContainsKey(p.Handle)), Is.All.False, "the plan is destroyed at once");
    }

    [TestCase("finalize OperationGraph")]
    [TestCase("set TensorDims")]
    [TestCase("get HeuristicResults")]
    [TestCase("get EngineConfigEngine")]
    [TestCase("get PlanWorkspaceSize")]
    [TestCase("set PackPointers")]
    [TestCase("execute")]
    public void AnotherFailure_IsAnException_AndLeavesNothingBehind(string failing)
    {
        _fake.StatusOf = call => call == failing ? 2000 : 0;
        using var kernel = Kernel();
        var o = new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]);
        Assert.That(() => o.Forward(kernel, bias: true, residual: true, Activation.Relu), Throws.TypeOf<NativeCallException>().With.Property(nameof(NativeCallException.Status)).EqualTo(2000));
    }

    [Test]
    public void ExactFloat_AndTheAdjoints_GoToTheFallback_Unasked()
    {
        using var kernel = Kernel(options: new LibraryOptions());
        var asked = _fake.Calls.Count;
        var o = new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]);
        o.Forward(kernel, bias: true, residual: false, Activation.Relu);
        o.BackwardInput(kernel, epilogue: false);
        o.BackwardWeight(kernel);
        o.BackwardBias(kernel);
        Assert.That(_fallback.Calls, Is.EqualTo(new[] { "forward", "backward input", "backward weight", "backward bias" }));
        Assert.That(_fake.Calls, Has.Count.EqualTo(asked));
    }

    [Test]
    public void AResidualInTheOutputItself_GoesToTheFallback()
    {
        using var kernel = Kernel();
        var o = new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]);
        Tensor x = o.Input.To(ConvOperands.Gpu), w = o.Weight.To(ConvOperands.Gpu), y = o.Residual.To(ConvOperands.Gpu);
        kernel.Forward(Plain, x.View, w.View, new Epilogue(Residual: y.View), y.View);
        Assert.That(_fallback.Calls, Is.EqualTo(new[] { "forward" }));
    }

    [Test]
    public void AnotherAlignment_IsAnotherPlan()
    {
        using var kernel = Kernel();
        Tensor x = Tensor.Uniform([2, 1, 3, 3], RandomSource.FromSeed(1), -1, 1).To(ConvOperands.Gpu), w = Tensor.Ones([2, 1, 1, 1]).To(ConvOperands.Gpu), y = Tensor.Zeros([1, 2, 3, 3]).To(ConvOperands.Gpu);
        foreach (var n in new[] { 0, 1 }) kernel.Forward(new(1, 0, 1, 1), x.View.With(x.View.Layout.Narrow(0, n, 1)), w.View, default, y.View);
        // Nine floats after an address that 16 divides.
        Assert.That(OfType(CudnnBackendType.Tensor).Select(t => FakeCudnn.Number(t, CudnnAttribute.TensorAlignment)), Is.EqualTo(new long[] { 16, 16, 16, 4, 4, 4 }));
        GC.KeepAlive((x, w, y));
    }

    [Test]
    public void AStoredPlan_NeedsNoSearch()
    {
        _fake.Proposals[CudnnHeuristic.B] = [new("a"), new("b", Workspace: 64)];
        var o = new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]);
        using (var kernel = Kernel(name => name == "b" ? 1 : 2, new CudnnPlanCache(_folder, Home))) o.Forward(kernel, bias: true, residual: true, Activation.Relu);
        _fake.Calls.Clear();
        _fake.Executed.Clear();
        using (var kernel = Kernel(cache: new CudnnPlanCache(_folder, Home))) AssertEqual(o.Forward(kernel, bias: true, residual: true, Activation.Relu));
        Assert.That(_fake.CountOf("create OperationGraph") + _fake.CountOf("create EngineHeuristic"), Is.Zero);
        Assert.That(_fake.Executed, Is.EqualTo(new[] { "b", "b" }), "once to see that it runs, once for the caller");
        Assert.That(OfType(CudnnBackendType.ExecutionPlan)[^1].Attributes.Select(a => ((int)a.Name, (int)a.Type)), Is.EqualTo(new[] { (405, 24), (400, 0) }));
    }

    [TestCase(0.5, new[] { "forward", "forward" }, TestName = "a fallback that wins the race gets the problem, in the next process too")]
    [TestCase(2.0, new string[0], TestName = "a fallback that loses the race is timed only")]
    public void TheFallback_MayRace(double fallbackTime, string[] calls)
    {
        var o = new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]);
        foreach (var process in new[] { 1, 2 })
        {
            _fallback.Calls.Clear();
            _fake.Calls.Clear();
            var searches = 0;
            using var kernel = new CudnnGraphConv2d(ConvOperands.Backend, _fake.Api(), 42, _fallback, new LibraryOptions(AllowTf32: true), new CudnnPlanCache(_folder, Home), launch =>
            {
                searches++;
                var before = _fallback.Calls.Count;
                launch();
                var isFallback = _fallback.Calls.Count > before;
                if (isFallback) _fallback.Calls.Clear();
                return isFallback ? fallbackTime : 1;
            }, raceFallback: true);
            for (var i = 0; i < 2; i++) o.Forward(kernel, bias: true, residual: true, Activation.Relu);
            Assert.That(_fallback.Calls, Is.EqualTo(calls), $"process {process}");
            Assert.That(searches, Is.EqualTo(process == 1 ? 2 : 0), "the plan and the fallback, once");
        }
    }

    [Test]
    public void AFallbackThatFailsInTheRace_LeavesNothingBehind()
    {
        using var kernel = new CudnnGraphConv2d(ConvOperands.Backend, _fake.Api(), 42, _fallback, new LibraryOptions(AllowTf32: true), null, launch =>
        {
            launch();
            return _fallback.Calls.Count == 0 ? 1 : throw new OutOfDeviceMemoryException("no room");
        }, raceFallback: true);
        var o = new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]);
        Assert.That(() => o.Forward(kernel, bias: true, residual: true, Activation.Relu), Throws.TypeOf<OutOfDeviceMemoryException>());
        Assert.That(_fake.Alive.Values.Select(e => e.Kind), Is.EqualTo(new[] { "handle" }));
    }

    [TestCase("finalize ExecutionPlan", 1003, TestName = "a plan of another version is searched for again")]
    [TestCase("execute", 3007, TestName = "a plan that does not run here is searched for again")]
    public void AStoredPlanThatIsRefused_IsSearchedForAgain(string refused, int status)
    {
        var o = new ConvOperands(Plain, [1, 4, 4, 4], [4, 4, 3, 3]);
        using (var kernel = Kernel(cache: new CudnnPlanCache(_folder, Home))) o.Forward(kernel, bias: false, residual: false, Activation.None);
        var left = 1;
        _fake.StatusOf = call => call == refused && left-- > 0 ? status : 0;
        _fake.Calls.Clear();
        using (var kernel = Kernel(cache: new CudnnPlanCache(_folder, Home))) AssertEqual(o.Forward(kernel, bias: false, residual: false, Activation.None));
        Assert.That(_fake.CountOf("create EngineHeuristic"), Is.EqualTo(1));
        Assert.That(_fallback.Calls, Is.Empty);
    }

    private List<FakeCudnn.Entry> OfType(CudnnBackendType type) => [.. _fake.Made.Where(e => e.Kind == "backend" && e.Values is [var t] && t == (int)type)];

    private static void AssertEqual((Tensor Got, Tensor Expected) pair) => Assert.That(AssertClose.Compare(pair.Got, pair.Expected), Is.Null);
}
