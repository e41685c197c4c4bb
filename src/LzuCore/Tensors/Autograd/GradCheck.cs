using LzuCore.Memory;

namespace LzuCore.Tensors.Autograd;

/// <summary>Compares backward with central differences in float64. Public, because users write ops too.</summary>
public static class GradCheck
{
    /// <summary>The outcome for one input.</summary>
    /// <param name="Input">Which input.</param>
    /// <param name="WorstIndex">Flat (logical) index of the worst element.</param>
    /// <param name="Expected">The finite difference there.</param>
    /// <param name="Got">The backward pass' value there.</param>
    /// <param name="Error">|got - expected| / (1 + |expected|).</param>
    public readonly record struct Result(int Input, long WorstIndex, double Expected, double Got, double Error);

    /// <summary>Checks every wanted input of a function of float64 tensors; the output is weighted with fixed random numbers to make a scalar.</summary>
    /// <param name="function">Must be smooth within ±<paramref name="step"/> of the inputs.</param>
    /// <param name="inputs">Float64 tensors; those with RequiresGrad are checked.</param>
    /// <param name="step">Half the difference's width.</param>
    /// <returns>One result per checked input; good ones have an error below 1e-6.</returns>
    public static IReadOnlyList<Result> Run(Func<Tensor[], Tensor> function, Tensor[] inputs, double step = 1e-5)
    {
        foreach (var input in inputs)
            if (input.RequiresGrad && input.DType != DType.Float64)
                throw new DTypeException($"gradcheck: inputs that require a gradient must be float64, got {input.DType.Name()}. Convert with .To(DType.Float64).");
        var output = function(inputs);
        var weights = Tensor.Uniform(output.Shape, RandomSource.FromSeed(7), -1, 1, DType.Float64);
        var w = weights.ToArray<double>();
        var gradients = Gradients.Of(output, weights);
        var results = new List<Result>();
        using var off = Grad.Off();
        for (var k = 0; k < inputs.Length; k++)
        {
            if (!inputs[k].RequiresGrad) continue;
            var values = inputs[k].ToArray<double>();
            var got = gradients.Find(inputs[k])?.ToArray<double>() ?? new double[values.Length];
            var worst = new Result(k, 0, 0, 0, 0);
            for (var i = 0; i < values.Length; i++)
            {
                var expected = (Value(+step) - Value(-step)) / (2 * step);
                var error = Math.Abs(got[i] - expected) / (1 + Math.Abs(expected));
                if (!(error <= worst.Error)) worst = new Result(k, i, expected, got[i], error);

                double Value(double delta)
                {
                    var moved = (double[])values.Clone();
                    moved[i] += delta;
                    var trial = (Tensor[])inputs.Clone();
                    trial[k] = Tensor.From(moved, inputs[k].Shape);
                    var y = function(trial).ToArray<double>();
                    var sum = 0.0;
                    for (var j = 0; j < y.Length; j++) sum += w[j] * y[j];
                    return sum;
                }
            }
            results.Add(worst);
        }
        return results;
    }
}
