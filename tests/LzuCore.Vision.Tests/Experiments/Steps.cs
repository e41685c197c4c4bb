using LzuCore.Nn;
using LzuCore.Nn.Optim;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Tests.Experiments;

/// <summary>A few steps of an optimiser on one batch.</summary>
internal static class Steps
{
    /// <summary>The summed loss before each step.</summary>
    public static double[] On<TItem>(TrainingTask<TItem> task, Batch<TItem> batch, int steps, double rate = 3e-3)
    {
        var optimizer = new AdamW(task.Model.Parameters, rate);
        var losses = new double[steps];
        for (var i = 0; i < steps; i++)
        {
            using var scope = new TensorScope();
            var loss = task.Loss(batch, new TrainingMoment(i, steps, 0)).Select(t => t.Value).Aggregate((a, b) => a + b);
            losses[i] = loss.ToArray<float>()[0];
            optimizer.Step(GradientClipping.ByNorm(Gradients.Of(loss), 5).Gradients);
        }
        return losses;
    }

    public static Batch<TItem> Of<TItem>(params TItem[] items) => new(default, default, [.. Enumerable.Range(0, items.Length)], items);
}
