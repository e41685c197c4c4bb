using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

public sealed class BatchNormCases : OpCases
{
    public override string Op => "batch_norm";

    public override IEnumerable<OpCase> All() =>
    [
        Case("training, two values", [Values([2, 1], 1, 3)], x => F.BatchNorm(x[0], null, null, null, null, training: true, eps: 0)) with { Expected = [-1, 1], Smooth = false },
        Training("training, images", [3, 5, 4, 6]),
        Training("training, many channels", [2, 37, 3, 2]),
        Training("training, rows", [6, 4]),
        Training("training, sequences", [3, 4, 5]),
        Case("a mean far from 0 keeps its variance", [Values([4, 1], 10000, 10001, 10000, 10001)], x => F.BatchNorm(x[0], null, null, null, null, training: true, eps: 0))
            with { Expected = [-1, 1, -1, 1], Smooth = false },
        Case("evaluation", [Random([2, 19, 3, 4]), Random([19], seed: 2), Random([19], 0.5, 2, 3), Random([19], 0.5, 2, 4), Random([19], seed: 5)],
            x => F.BatchNorm(x[0], x[1], x[2], x[3], x[4], training: false))
            with { Reference = x => Definition(x[0], x[3], x[4], x[1], x[2]), Differentiable = [0, 3, 4] },
        Case("evaluation without weight", [Random([2, 3, 3, 4]), Random([3], seed: 2), Random([3], 0.5, 2, 3), Random([3], seed: 5)],
            x => F.BatchNorm(x[0], x[1], x[2], null, x[3], training: false)) with { Reference = x => Definition(x[0], null, x[3], x[1], x[2]), Differentiable = [0, 3] },
        Case("no images", [Random([0, 3, 2, 2]), Random([3]), Random([3], 1, 2)], x => F.BatchNorm(x[0], x[1], x[2], null, null, training: false)) with { Expected = [], Differentiable = [0] },
        Rejects("one value a channel", [Random([1, 3, 1, 1])], x => F.BatchNorm(x[0], null, null, null, null, training: true), because: "more than one value per channel"),
        Rejects("evaluation without statistics", [Random([1, 3, 2, 2])], x => F.BatchNorm(x[0], null, null, null, null, training: false), because: "running_mean and running_var must be given"),
        Rejects("weight of another size", [Random([1, 3, 2, 2]), Random([4])], x => F.BatchNorm(x[0], null, null, x[1], null, training: true), because: "weight: must be [3], got [4]"),
    ];

    private OpCase Training(string name, Shape shape) =>
        Case(name, [Random(shape), Random([shape[1]], 0.5, 2, 3), Random([shape[1]], seed: 4)], x => F.BatchNorm(x[0], null, null, x[1], x[2], training: true))
            with
        { Reference = x => Definition(x[0], x[1], x[2], null, null) };

    // The definition in float64: two passes a channel.
    internal static Tensor Definition(Tensor input, Tensor? weight, Tensor? bias, Tensor? mean, Tensor? variance)
    {
        int channels = input.Shape[1], pixels = (int)(input.Shape.Count / input.Shape[0] / channels);
        var x = input.To(DType.Float64).ToArray<double>();
        double[] w = Vector(weight, 1), b = Vector(bias, 0), m = Vector(mean, 0), v = Vector(variance, 0);
        var y = new double[x.Length];
        for (var c = 0; c < channels; c++)
        {
            var members = Enumerable.Range(0, x.Length).Where(i => i / pixels % channels == c).ToArray();
            if (mean is null)
            {
                m[c] = members.Average(i => x[i]);
                v[c] = members.Average(i => (x[i] - m[c]) * (x[i] - m[c]));
            }
            foreach (var i in members) y[i] = (x[i] - m[c]) / Math.Sqrt(v[c] + 1e-5) * w[c] + b[c];
        }
        return Tensor.From(y, input.Shape);

        double[] Vector(Tensor? t, double otherwise) => t?.To(DType.Float64).ToArray<double>() ?? [.. Enumerable.Repeat(otherwise, channels)];
    }
}
