using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Testing;

/// <summary>The cases of one op. Forward tests, gradient tests, device agreement and benchmarks all read them; none of those holds per-op code.</summary>
public abstract class OpCases
{
    /// <summary>The op's outside name, such as <c>grid_sample</c>.</summary>
    public abstract string Op { get; }

    public abstract IEnumerable<OpCase> All();

    /// <summary>A case over float32 inputs. Inputs are checked for gradients too (in float64) unless <see cref="OpCase.Smooth"/> is false.</summary>
    protected OpCase Case(string name, Tensor[] inputs, Func<Tensor[], Tensor> apply) => new(Op, name, inputs, apply);

    /// <summary>A call that must be refused with a message containing <paramref name="because"/>.</summary>
    protected OpCase Rejects(string name, Tensor[] inputs, Func<Tensor[], Tensor> apply, string because) => new(Op, name, inputs, apply) { Because = because };

    /// <summary>Fixed uniform numbers in [low, high).</summary>
    protected static Tensor Random(Shape shape, double low = -1, double high = 1, int seed = 1) =>
        Tensor.Uniform(shape, RandomSource.FromSeed((ulong)seed), low, high);

    protected static Tensor Values(Shape shape, params float[] values) => Tensor.From(values, shape);
}

/// <summary>One case: inputs, the call, and what must hold.</summary>
public sealed record OpCase(string Op, string Name, Tensor[] Inputs, Func<Tensor[], Tensor> Apply)
{
    /// <summary>The expected output in logical order; from PyTorch or by hand, say which in the case file.</summary>
    public float[]? Expected { get; init; }

    /// <summary>The definition, composed from simpler ops or written as plain loops: must give the same output.</summary>
    public Func<Tensor[], Tensor>? Reference { get; init; }

    /// <summary>Part of the message that refuses this call.</summary>
    public string? Because { get; init; }

    /// <summary>Whether finite differences are meaningful here (no kinks within 1e-5 of the inputs, output differentiable).</summary>
    public bool Smooth { get; init; } = true;

    /// <summary>Which inputs want gradients in the check; null means every floating one.</summary>
    public int[]? Differentiable { get; init; }

    /// <summary>Only timed.</summary>
    public bool BenchmarkOnly { get; init; }

    /// <summary>Largest |got - expected| / (1 + |expected|) accepted in float32.</summary>
    public double Tolerance { get; init; } = 1e-5;

    public override string ToString() => $"{Op}: {Name}";
}

/// <summary>Every case file of the project, one line each.</summary>
public static class AllOpCases
{
    public static IEnumerable<OpCases> Files =>
    [
        new AddCases(),
        new BatchNormCases(),
        new CompareCases(),
        new ConcatCases(),
        new Conv2dCases(),
        new ConvTranspose2dCases(),
        new CumSumCases(),
        new DeformConv2dCases(),
        new DropoutCases(),
        new ElementwiseCases(),
        new ExtremesCases(),
        new GatherCases(),
        new GridSampleCases(),
        new GroupNormCases(),
        new InterpolateCases(),
        new LinearCases(),
        new MatMulCases(),
        new LossCases(),
        new MultiplyCases(),
        new PadCases(),
        new Pool2dCases(),
        new ReduceCases(),
        new ReluCases(),
        new SeparableSampleCases(),
        new SoftmaxCases(),
        new SortCases(),
        new SplitCases(),
        new VarCases(),
        new ViewsCases(),
        new WhereCases(),
    ];

    public static IEnumerable<OpCase> All => Files.SelectMany(f => f.All());
}
