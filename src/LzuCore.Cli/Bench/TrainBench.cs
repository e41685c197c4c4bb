using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Optim;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Cli.Bench;

/// <summary>A step of training: forward pass, losses, backward walk, clipping, the optimiser's step. First the gradients, then the time.</summary>
/// <remarks>
/// <para>Arithmetic is counted as that of convolutions and products, direct: what is trained three times, as gradients of the weights and of the inputs cost as much each, less the first convolution of it once,
/// for nobody wants a gradient of the pictures; what is frozen once.</para>
/// <para>The gradients in float32 are held against finite differences of the loss along themselves; those of half-precision activations against those in float32, by the angle between them.</para>
/// </remarks>
internal static class TrainBench
{
    private const double AllowedError = 0.02, AllowedOfHalves = 0.1;

    // The loss changes by these shares of itself along the finite differences, of which the best counts: curvature spoils large ones, rounding small ones, and a wrong gradient all.
    private static readonly double[] Changes = [4e-3, 1e-3, 2.5e-4, 6e-5];

    /// <summary>Checks and measures one training.</summary>
    /// <param name="name">Which.</param>
    /// <param name="size">The network's input; null for its own.</param>
    /// <param name="batch">Pictures a step; null for its own.</param>
    /// <param name="dtype">How activations are stored; weights, losses and gradients of weights are float32.</param>
    /// <param name="device">Where.</param>
    /// <exception cref="LzuException">The gradients are wrong; nothing is timed then.</exception>
    public static IEnumerable<BenchRow> Run(string name, Size2? size, int? batch, DType dtype, Device device)
    {
        var (input, pictures) = (size ?? BenchTraining.SizeOf(name), batch ?? BenchTraining.BatchOf(name));
        var training = BenchTraining.Of(name, input, pictures, DType.Float32, device);
        var (error, allowed) = (SlopeError(training), AllowedError);
        if (dtype != DType.Float32)
        {
            if (!(error <= allowed)) throw Wrong(error, allowed);
            var halves = BenchTraining.Of(name, input, pictures, dtype, device);
            (error, allowed) = (Angle(training, halves), AllowedOfHalves);
            training = halves;
        }
        if (!(error <= allowed)) throw Wrong(error, allowed);

        var flops = Flops(training);
        var timing = Timing.Of(() =>
        {
            Step(training);
            BackendRegistry.Get(device).Synchronize();
        }, budgetMs: 3000, peak: device == Device.Cpu ? Peak.Sample : null);
        var what = $"{name} {input.Height}x{input.Width} x{pictures}{(dtype == DType.Float32 ? "" : $" {dtype.Name()}")} training step";
        yield return new(what, ParallelRows.Threads, device.ToString(), timing.MedianMs, timing.MinMs, timing.CpuMs, flops / timing.RateMs / 1e6, double.NaN, 100 * flops / timing.PossibleFlops, error);

        LzuException Wrong(double error, double allowed) => new($"bench train: {name}'s gradients differ from the check by {error:g3}, more than {allowed:g1}. Nothing was timed.");
    }

    /// <summary>One step.</summary>
    public static void Step(BenchTraining training)
    {
        using var scope = new TensorScope();
        var gradients = Gradients.Of(training.Loss());
        training.Optimizer.Step(double.IsFinite(training.Clip) ? GradientClipping.ByNorm(gradients, training.Clip).Gradients : gradients);
    }

    // The relative difference of the squared norm of the gradient g and (L(w + h g) − L(w − h g)) / 2h.
    private static double SlopeError(BenchTraining training)
    {
        using var scope = new TensorScope();
        var (model, loss) = (training.Model, training.Loss());
        var gradients = Gradients.Of(loss);
        var squared = Math.Pow(GradientClipping.Norm(gradients), 2);
        var before = model.StateDict();
        var along = model.Parameters.Where(p => gradients.Find(p.Value) is not null).ToDictionary(p => p.Key, p => gradients[p.Value]);
        var errors = Changes.Select(change =>
        {
            var h = change * loss.Item() / squared;
            return Math.Abs((LossAt(h) - LossAt(-h)) / (2 * h) - squared) / squared;
        }).ToList();
        model.LoadStateDict(before);
        return errors.Min();

        double LossAt(double factor)
        {
            using var off = Grad.Off();
            model.LoadStateDict(new StateDict(along.Select(g => KeyValuePair.Create(g.Key, before[g.Key] + g.Value * factor))), strict: false);
            return training.Loss().Item();
        }
    }

    // 1 − the cosine of two trainings' gradients.
    private static double Angle(BenchTraining exact, BenchTraining other)
    {
        using var scope = new TensorScope();
        Gradients a = Gradients.Of(exact.Loss()), b = Gradients.Of(other.Loss());
        var product = exact.Model.Parameters.Zip(other.Model.Parameters).Sum(p => a.Find(p.First.Value) is { } x && b.Find(p.Second.Value) is { } y ? (x * y).Sum().Item() : 0.0);
        return 1 - product / (GradientClipping.Norm(a) * GradientClipping.Norm(b));
    }

    /// <summary>The arithmetic of a step. What is recorded for the backward pass keeps its inputs; what is frozen keeps nothing.</summary>
    public static double Flops(BenchTraining training)
    {
        using var scope = new TensorScope();
        using var trace = OpTrace.Begin();
        training.Loss();
        var counted = trace.Entries.Where(e => e.Flops > 0).ToList();
        return counted.Sum(e => (e.SavedBytes > 0 ? 3.0 : 1) * e.Flops) - counted.First(e => e.SavedBytes > 0).Flops;
    }
}
