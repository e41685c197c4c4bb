using LzuCore.Cli.Bench;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Peers;

/// <summary>Steps of training: forward pass, losses, backward walk, the optimiser's step. ONNX Runtime, as its package is, has none.</summary>
/// <remarks>Compared are the loss, the change of the loss by two steps, and all gradients together, by the norm of their difference over their norm; no single parameter's may differ by more than a twentieth. Largest differences would say
/// little: a value that rounding takes across zero before a ReLU gives or takes a gradient, and of the smallest map such a value is a twelfth.</remarks>
internal static class Trainings
{
    private const double AllowedOfOne = 0.05;

    // So many steps before the loss is looked at again: one for the optimiser's rule, one for its momentum.
    public const int CheckedSteps = 2;

    /// <summary>Their names, and what holds them.</summary>
    public static IEnumerable<(string Name, Func<int, string[], IReadOnlyList<ContestRow>> Hold)> All()
    {
        var (size, batch) = (new Size2(192, 320), 2);
        var name = $"train {BenchTraining.FrozenName} {size.Height}x{size.Width} x{batch}";
        yield return (name, (rounds, without) => Hold(name, BenchTraining.Of(BenchTraining.FrozenName, size, batch, DType.Float32, Device.Cpu), rounds, without));
    }

    private static IReadOnlyList<ContestRow> Hold(string name, BenchTraining training, int rounds, string[] without)
    {
        List<Contender> contenders = [new("LzuCore", () => TrainBench.Step(training), () => Checked(training))];
#if LIBTORCH
        // Before ours steps: it takes the weights.
        using var torch = without.Contains("libtorch") ? null : new TorchTraining(training);
        if (torch is not null) contenders.Add(torch.Contender);
#else
        _ = without;
#endif
        return Contest.Hold(name, TrainBench.Flops(training), contenders, rounds, Difference);
    }

    // The loss, all gradients, and by how much some steps change the loss.
    private static List<float[]> Checked(BenchTraining training)
    {
        List<float[]> results = [];
        double before;
        using (new TensorScope())
        {
            var loss = training.Loss();
            var gradients = Gradients.Of(loss);
            results.Add([(float)(before = loss.Item())]);
            results.AddRange(training.Model.Parameters.Select(p => gradients.Find(p.Value)?.ToArray<float>()).OfType<float[]>());
        }
        for (var i = 0; i < CheckedSteps; i++) TrainBench.Step(training);
        using (new TensorScope()) results.Add([(float)(training.Loss().Item() - before)]);
        return results;
    }

    // First the loss, last its change, gradients between.
    private static double Difference(IReadOnlyList<float[]> ours, IReadOnlyList<float[]> others)
    {
        if (ours.Count != others.Count || ours.Zip(others).Any(p => p.First.Length != p.Second.Length)) return double.NaN;
        var squares = ours.Zip(others, (a, b) => (Apart: a.Zip(b, (x, y) => Math.Pow(x - y, 2)).Sum(), Own: a.Sum(x => Math.Pow(x, 2)))).ToList();
        var apart = squares.ConvertAll(s => Math.Sqrt(s.Apart / s.Own));
        if (!apart.TrueForAll(d => d <= AllowedOfOne)) return apart.Max();
        var gradients = squares[1..^1];
        return Math.Max(Math.Max(apart[0], apart[^1]), Math.Sqrt(gradients.Sum(s => s.Apart) / gradients.Sum(s => s.Own)));
    }
}
