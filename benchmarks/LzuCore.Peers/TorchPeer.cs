using LzuCore.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace LzuCore.Peers;

/// <summary>libtorch, eager, channels-last, norms folded: the calls of our captured graph, one by one, with our weights.</summary>
internal sealed class TorchPeer : IDisposable
{
    private readonly TorchGraph _graph;

    private TorchPeer(Work work)
    {
        using var off = LzuCore.Tensors.Autograd.Grad.Off();
        _graph = new TorchGraph(work.PeerInputs, () => work.PeerCompute(work.PeerInputs));
    }

    /// <summary>The peer for a work, or null, said so, where an op has no call here.</summary>
    public static TorchPeer? Where(Work work)
    {
        try
        {
            return new TorchPeer(work);
        }
        catch (NotSupportedException e)
        {
            Console.Error.WriteLine($"{work.Name}: {e.Message}");
            return null;
        }
    }

    /// <summary>As a contender.</summary>
    public Contender Contender => new("libtorch", () => Run(_ => { }), () =>
    {
        var results = new List<float[]>();
        Run(outputs => results.AddRange(outputs.Select(o => o.contiguous().data<float>().ToArray())));
        return results;
    }, () => set_num_threads(ParallelRows.Threads));

    /// <inheritdoc/>
    public void Dispose() => _graph.Dispose();

    private void Run(Action<Tensor[]> read)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        read(_graph.Run());
    }
}
