using LzuCore.Gpu.Cudnn;
using LzuCore.Gpu.Interop;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Testing;

namespace LzuCore.Gpu.Tests.Cudnn;

/// <summary>Matrix products against a fake cuBLASLt that multiplies column-major what it is told: values, layouts, choices, fallbacks, ownership.</summary>
public sealed class CublasLtGemmTests
{
    private const int M = 5, N = 3, K = 4;
    private FakeCublasLt _fake = null!;
    private RecordingGemm _fallback = null!;

    private sealed class RecordingGemm : IGemmKernel
    {
        public int Calls { get; private set; }

        public void Forward(in GemmArgs args, TensorView a, TensorView b, in Epilogue epilogue, TensorView output) => Calls++;
    }

    [SetUp]
    public void Fake() => (_fake, _fallback) = (new FakeCublasLt(), new RecordingGemm());

    [TearDown]
    public void NothingIsLeft()
    {
        Assert.That(_fake.Faults, Is.Empty);
        Assert.That(_fake.Alive.Values.Select(e => e.Kind), Is.Empty);
        _fake.Dispose();
    }

    private CublasLtGemm Kernel(LibraryOptions? options = null) => new(ConvOperands.Backend, _fake.Api(), stream: 42, _fallback, options);

    private static IEnumerable<TestCaseData> Layouts()
    {
        Layout dense = Layout.RowMajor([1, M, K]), weights = Layout.RowMajor([1, K, N]);
        Layout transposed = Layout.RowMajor([1, K, M]).Permute([0, 2, 1]), transposedWeights = Layout.RowMajor([1, N, K]).Permute([0, 2, 1]);
        yield return Case("both dense", dense, weights);
        yield return Case("a transposed", transposed, weights);
        yield return Case("b transposed", dense, transposedWeights);
        yield return Case("both transposed", transposed, transposedWeights);
        yield return Case("rows with gaps", new Layout([1, M, K], [0, 9, 1], 2), new Layout([1, K, N], [0, 7, 1], 3));
        yield return Case("transposed with gaps", new Layout([1, M, K], [0, 1, 11], 1), new Layout([1, K, N], [0, 1, 6]));
        yield return Case("a batch", Layout.RowMajor([2, M, K]), Layout.RowMajor([2, K, N]));
        yield return Case("a batch that shares b", Layout.RowMajor([2, M, K]), new Layout([2, K, N], [0, N, 1]));
        yield return Case("one row", Layout.RowMajor([1, 1, K]), weights);
        yield return Case("one row, strided", new Layout([1, 1, K], [0, 1, 3]), weights);
        yield return Case("one column", dense, new Layout([1, K, 1], [0, 1, 1]));
        yield return Case("one column of a wider matrix", dense, new Layout([1, K, 1], [0, 5, 1]));
        yield return Case("one term, expanded", new Layout([1, M, 1], [0, 1, 0]), new Layout([1, 1, N], [0, 0, 1]));

        static TestCaseData Case(string name, Layout a, Layout b) => new TestCaseData(a, b).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Layouts))]
    public void EveryLayout_EqualsTheCpu(Layout a, Layout b)
    {
        using var kernel = Kernel();
        foreach (var dtype in new[] { DType.Float32, DType.Float64 })
        {
            AssertEqual(Run(kernel, a, b, dtype, bias: false, residual: false, Activation.None));
            AssertEqual(Run(kernel, a, b, dtype, bias: true, residual: true, Activation.Relu));
        }
        Assert.That(_fallback.Calls, Is.Zero);
    }

    [Test]
    public void EveryEpilogue_EqualsTheCpu_InOneCall([Values] bool bias, [Values] bool residual, [Values] Activation activation)
    {
        using var kernel = Kernel();
        AssertEqual(Run(kernel, Layout.RowMajor([2, M, K]), Layout.RowMajor([2, K, N]), DType.Float32, bias, residual, activation));
        Assert.That(_fake.CountOf("matmul"), Is.EqualTo(1));
        var description = _fake.Made.Single(e => e.Kind == "description");
        Assert.That(description[7], Is.EqualTo((bias, activation) switch { (true, Activation.Relu) => 6, (true, _) => 4, (_, Activation.Relu) => 2, _ => 1 }));
        Assert.That(_fake.LastRun.Beta, Is.EqualTo(residual ? 1 : 0));
        Assert.That(_fake.LastRun.InPlace, Is.EqualTo(!residual));
        Assert.That(_fake.LastRun.Stream, Is.EqualTo((nint)42));
    }

    [TestCase(DType.Float32, false, 68, 0)]
    [TestCase(DType.Float32, true, 77, 0)]
    [TestCase(DType.Float64, true, 70, 1)]
    public void Precision_IsAsAskedFor(DType dtype, bool tf32, int compute, int type)
    {
        using var kernel = Kernel(new LibraryOptions(AllowTf32: tf32));
        Run(kernel, Layout.RowMajor([1, M, K]), Layout.RowMajor([1, K, N]), dtype, bias: false, residual: false, Activation.None);
        Assert.That(_fake.Made.Single(e => e.Kind == "description").Values, Is.EqualTo(new long[] { compute, type }));
        Assert.That(_fake.Made.Where(e => e.Kind == "layout").Select(e => e.Values[0]), Is.All.EqualTo(type));
    }

    [Test]
    public void OperandsChangePlaces_ForARowMajorProduct()
    {
        using var kernel = Kernel();
        Run(kernel, Layout.RowMajor([1, M, K]), Layout.RowMajor([1, N, K]).Permute([0, 2, 1]), DType.Float32, bias: false, residual: false, Activation.None);
        Assert.That(_fake.Made.Where(e => e.Kind == "layout").Select(e => e.Values), Is.EqualTo(new[] { new long[] { 0, K, N, K }, [0, K, M, K], [0, N, M, N] }), "b', a', output'");
        var description = _fake.Made.Single(e => e.Kind == "description");
        Assert.That((description[3], description[4]), Is.EqualTo((1L, 0L)), "b' is stored transposed, a' is not");
    }

    [Test]
    public void AChoice_IsMadeOnce_AndSkipsWhatCannotBe()
    {
        _fake.Heuristics = (_, _) => [(1, 0, 15), (2, 1001, 0), (3, 1000, 0), (4, 0, 0)];
        using var kernel = Kernel(new LibraryOptions(WorkspaceLimit: 1000));
        AssertEqual(Run(kernel, Layout.RowMajor([1, M, K]), Layout.RowMajor([1, K, N]), DType.Float32, bias: true, residual: false, Activation.Relu, times: 2));
        Assert.That(_fake.CountOf("search"), Is.EqualTo(1));
        Assert.That(_fake.LastRun.Algorithm, Is.EqualTo(3));
        Assert.That(_fake.LastRun.Bytes, Is.EqualTo(1000));
        Assert.That(_fake.LastRun.Workspace, Is.Not.EqualTo((nint)0));
        var preference = _fake.Made.Single(e => e.Kind == "preference");
        Assert.That(preference[1], Is.EqualTo(1000));
    }

    [Test]
    public void Workspaces_GoBackToThePool()
    {
        _fake.Heuristics = (_, _) => [(1, 4096, 0)];
        using var kernel = Kernel();
        var blocks = new List<nint>();
        for (var i = 0; i < 2; i++)
        {
            Run(kernel, Layout.RowMajor([1, M, K]), Layout.RowMajor([1, K, N]), DType.Float32, bias: false, residual: false, Activation.None);
            blocks.Add(_fake.LastRun.Workspace);
        }
        Assert.That(blocks[1], Is.EqualTo(blocks[0]), "the same block, since it was returned");
    }

    [Test]
    public void Alignment_IsThatOfTheWorstAddress()
    {
        using var kernel = Kernel();
        Run(kernel, new Layout([1, M, K], [0, K, 1], 1), Layout.RowMajor([1, K, N]), DType.Float32, bias: false, residual: false, Activation.None);
        var preference = _fake.Made.Single(e => e.Kind == "preference");
        Assert.That(new[] { 5, 6, 7, 8 }.Select(a => preference[a]), Is.All.EqualTo(4), "one float after an aligned address");
    }

    [Test]
    public void WhereNoAlgorithmHasTheEpilogue_PassesDoIt_AndItIsNotAskedAgain()
    {
        _fake.Heuristics = (epilogue, _) => epilogue == CublasLtEpilogue.Default ? [(1, 0, 0)] : [];
        using var kernel = Kernel();
        AssertEqual(Run(kernel, Layout.RowMajor([2, M, K]), Layout.RowMajor([2, K, N]), DType.Float64, bias: true, residual: true, Activation.Relu, times: 2));
        Assert.That(_fake.CountOf("search"), Is.EqualTo(2), "one with the epilogue, one without");
        Assert.That(_fake.CountOf("matmul"), Is.EqualTo(2));
        Assert.That(_fallback.Calls, Is.Zero);
    }

    [TestCase("search", 15)]
    [TestCase("matmul", 15)]
    [TestCase("matmul", 8)]
    public void WhatIsNotSupported_GoesToTheFallback_AndIsNotAskedAgain(string refused, int status)
    {
        _fake.StatusOf = call => call == refused ? status : 0;
        using var kernel = Kernel();
        Run(kernel, Layout.RowMajor([1, M, K]), Layout.RowMajor([1, K, N]), DType.Float32, bias: false, residual: false, Activation.None, times: 2);
        Assert.That(_fallback.Calls, Is.EqualTo(2));
        Assert.That(_fake.CountOf(refused), Is.EqualTo(1));
    }

    [TestCase("create layout")]
    [TestCase("set layout 6")]
    [TestCase("set description 7")]
    [TestCase("create preference")]
    [TestCase("set preference 1")]
    [TestCase("search")]
    [TestCase("matmul")]
    public void AnotherFailure_IsAnException_AndLeavesNothingBehind(string failing)
    {
        _fake.StatusOf = call => call == failing ? 13 : 0;
        using var kernel = Kernel();
        Assert.That(() => Run(kernel, Layout.RowMajor([1, M, K]), Layout.RowMajor([1, K, N]), DType.Float32, bias: true, residual: false, Activation.None),
            Throws.TypeOf<NativeCallException>().With.Message.Contains("got status 13 (FAKE_STATUS)"));
    }

    private static IEnumerable<TestCaseData> Inexpressible()
    {
        yield return new TestCaseData(new Layout([1, M, K], [0, 8, 2])).SetArgDisplayNames("no contiguous axis");
        yield return new TestCaseData(new Layout([1, M, K], [0, 0, 1])).SetArgDisplayNames("one row repeated");
        yield return new TestCaseData(new Layout([1, M, K], [0, 1, 0])).SetArgDisplayNames("one column repeated");
        yield return new TestCaseData(new Layout([1, M, K], [0, K - 1, 1])).SetArgDisplayNames("rows that overlap");
    }

    [TestCaseSource(nameof(Inexpressible))]
    public void LayoutsThatBlasCannotSay_GoToTheFallback(Layout a)
    {
        using var kernel = Kernel();
        Run(kernel, a, Layout.RowMajor([1, K, N]), DType.Float32, bias: false, residual: false, Activation.None);
        Assert.That(_fallback.Calls, Is.EqualTo(1));
        Assert.That(_fake.CountOf("search"), Is.Zero);
    }

    // The same numbers on the host and on the device, seen through the same layouts. The device's addresses stay the same however often it runs.
    private static (Tensor Got, Tensor Expected) Run(CublasLtGemm kernel, Layout a, Layout b, DType dtype, bool bias, bool residual, Activation activation, int times = 1)
    {
        Shape shape = [a.Shape[0], a.Shape[1], b.Shape[2]];
        Tensor ha = Numbers(1, a.Extent, dtype), hb = Numbers(2, b.Extent, dtype), hBias = Numbers(3, shape[2], dtype), hRest = Numbers(4, shape.Count, dtype);
        Tensor da = ha.To(ConvOperands.Gpu), db = hb.To(ConvOperands.Gpu), dBias = hBias.To(ConvOperands.Gpu), dRest = hRest.To(ConvOperands.Gpu);
        Tensor got = Tensor.Zeros(shape, dtype).To(ConvOperands.Gpu), expected = Tensor.Zeros(shape, dtype);
        for (var i = 0; i < times; i++) kernel.Forward(default, da.View.With(a), db.View.With(b), Epilogue(dBias, dRest), got.View);
        BackendRegistry.Get(Device.Cpu).Kernel<IGemmKernel>().Forward(default, ha.View.With(a), hb.View.With(b), Epilogue(hBias, hRest), expected.View);
        GC.KeepAlive((da, db, dBias, dRest));
        return (got.To(Device.Cpu), expected);

        Epilogue Epilogue(Tensor along, Tensor rest) => new(bias ? along.View : null, residual ? rest.View.With(Layout.RowMajor(shape)) : null, activation);
    }

    private static Tensor Numbers(ulong seed, long count, DType dtype) => Tensor.Uniform([(int)count], RandomSource.FromSeed(seed), -1, 1, dtype);

    private static void AssertEqual((Tensor Got, Tensor Expected) pair) => Assert.That(AssertClose.Compare(pair.Got, pair.Expected), Is.Null);
}
