using LzuCore.Cli.Bench;
using LzuCore.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace LzuCore.Peers;

/// <summary>A training in libtorch, eager, channels-last.</summary>
/// <remarks>
/// <para>The same: weights, pictures, targets; which weights are trained and which norms keep their statistics; losses and their sum; SGD's rate, momentum and decay. Loss, every gradient and the change of the loss after
/// two steps are compared before anything is timed.</para>
/// <para>Different: libtorch runs the calls of our captured graph, its own autograd walks back, its convolutions are oneDNN's, and gradients are set to null before each step, as its users do. Additions and ReLUs overwrite what
/// neither autograd nor a later call reads; other values go after their last reader. The focal loss is composed as torchvision's, the optimiser TorchSharp's loop over the parameters, which is that of torch.optim.SGD without
/// <c>fused</c>. Ours makes new weights where it overwrites them.</para>
/// </remarks>
internal sealed class TorchTraining : IDisposable
{
    private const double Rate = 1e-4, Momentum = 0.9, Decay = 1e-4;

    private readonly TorchGraph _graph;
    private readonly TorchSharp.Modules.Parameter[] _trained;
    private readonly optim.Optimizer _optimizer;

    /// <summary>Takes a training's graph and weights as they are now.</summary>
    /// <exception cref="NotSupportedException">An op has no call here.</exception>
    public TorchTraining(BenchTraining training)
    {
        _graph = new TorchGraph([training.Input!], () => [training.Loss()]);
        _trained = [.. training.Model.Parameters.Where(p => p.RequiresGrad).Select(_graph.Trained).OfType<TorchSharp.Modules.Parameter>()];
        _optimizer = optim.SGD(_trained, Rate, Momentum, weight_decay: Decay);
    }

    /// <summary>As a contender.</summary>
    public Contender Contender => new("libtorch", Step, Checked, () => set_num_threads(ParallelRows.Threads));

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _graph.Dispose();
    }

    private void Step()
    {
        Backward();
        _optimizer.step();
    }

    private float Backward()
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        var loss = _graph.Run()[0];
        loss.backward();
        return loss.item<float>();
    }

    private List<float[]> Checked()
    {
        var before = Backward();
        List<float[]> results = [[before], .. _trained.Select(p => p.grad!.contiguous().data<float>().ToArray())];
        for (var i = 0; i < Trainings.CheckedSteps; i++) Step();
        results.Add([Backward() - before]);
        return results;
    }
}
