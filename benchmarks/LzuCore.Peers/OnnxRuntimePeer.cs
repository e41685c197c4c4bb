using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Vision.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace LzuCore.Peers;

/// <summary>ONNX Runtime on the graph that our export writes, weights and all: optimised as it does by default, inputs and outputs bound once.</summary>
internal sealed class OnnxRuntimePeer : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly OrtValue[] _inputs, _outputs;
    private readonly string[] _names;
    private readonly float[][] _results;

    /// <summary>Captures and loads a computation.</summary>
    /// <param name="inputs">Example inputs, which every run gets.</param>
    /// <param name="compute">From those very tensors to the outputs.</param>
    public OnnxRuntimePeer(Tensor[] inputs, Func<Tensor[]> compute)
    {
        _names = [.. inputs.Select((_, i) => $"in{i}")];
        var graph = OnnxExport.Capture([.. inputs.Select((t, i) => (_names[i], t))], () => [.. compute().Select((t, i) => ($"out{i}", t))]);
        using var file = new MemoryStream();
        graph.Write(file);
        using var options = new SessionOptions
        {
            IntraOpNumThreads = ParallelRows.Threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        _session = new InferenceSession(file.ToArray(), options);
        _inputs = [.. inputs.Select(t => Bound(t.ToArray<float>(), [.. t.Shape.Dims.ToArray().Select(d => (long)d)]))];
        var shapes = _session.OutputNames.Select(n => _session.OutputMetadata[n].Dimensions).ToList();
        _results = [.. shapes.Select(s => GC.AllocateArray<float>(s.Aggregate(1, (a, b) => a * b), pinned: true))];
        _outputs = [.. shapes.Select((s, i) => OrtValue.CreateTensorValueFromMemory(_results[i], [.. s.Select(d => (long)d)]))];
    }

    /// <summary>As a contender.</summary>
    public Contender Contender => new("ONNX Runtime", Run, () =>
    {
        Run();
        return _results;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var value in _inputs.Concat(_outputs)) value.Dispose();
        _run.Dispose();
        _session.Dispose();
    }

    private static OrtValue Bound(float[] values, long[] shape)
    {
        var pinned = GC.AllocateArray<float>(values.Length, pinned: true);
        values.CopyTo(pinned, 0);
        return OrtValue.CreateTensorValueFromMemory(pinned, shape);
    }

    private void Run() => _session.Run(_run, _names, _inputs, _session.OutputNames, _outputs);
}
