using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace LzuCore.Vision.Tests.Onnx;

/// <summary>A written graph in ONNX Runtime, with every optimisation that it has.</summary>
internal sealed class OnnxSession : IDisposable
{
    private readonly SessionOptions _options = new() { GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
    private readonly InferenceSession _session;

    public OnnxSession(OnnxGraph graph, GraphOptimizationLevel level = GraphOptimizationLevel.ORT_ENABLE_ALL)
    {
        _options.GraphOptimizationLevel = level;
        using var bytes = new MemoryStream();
        graph.Write(bytes);
        _session = new InferenceSession(bytes.ToArray(), _options);
    }

    public OnnxSession(string path) => _session = new InferenceSession(path, _options);

    public IReadOnlyList<string> Outputs => _session.OutputNames;

    public ModelMetadata Metadata => _session.ModelMetadata;

    /// <summary>The outputs by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Run(params IReadOnlyList<(string Name, Tensor Value)> inputs)
    {
        var feeds = inputs.ToDictionary(i => i.Name, i => Feed(i.Value));
        try
        {
            using var run = new RunOptions();
            using var results = _session.Run(run, feeds, _session.OutputNames);
            return _session.OutputNames.Zip(results, (name, value) => (name, Back(value))).ToDictionary();
        }
        finally
        {
            foreach (var feed in feeds.Values) feed.Dispose();
        }
    }

    public void Dispose()
    {
        _session.Dispose();
        _options.Dispose();
    }

    private static OrtValue Feed(Tensor value)
    {
        long[] shape = [.. value.Shape.Select(d => (long)d)];
        return value.DType switch
        {
            DType.Float32 => OrtValue.CreateTensorValueFromMemory(value.ToArray<float>(), shape),
            DType.Float64 => OrtValue.CreateTensorValueFromMemory(value.ToArray<double>(), shape),
            DType.Int64 => OrtValue.CreateTensorValueFromMemory(value.ToArray<long>(), shape),
            DType.Int32 => OrtValue.CreateTensorValueFromMemory(value.ToArray<int>(), shape),
            DType.UInt8 => OrtValue.CreateTensorValueFromMemory(value.ToArray<byte>(), shape),
            DType.Bool => OrtValue.CreateTensorValueFromMemory(value.ToArray<bool>(), shape),
            _ => throw new NotSupportedException(value.DType.Name()),
        };
    }

    private static Tensor Back(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        Shape shape = info.Shape.Select(d => (int)d).ToArray();
        return info.ElementDataType switch
        {
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float => Tensor.From(value.GetTensorDataAsSpan<float>(), shape),
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Double => Tensor.From(value.GetTensorDataAsSpan<double>(), shape),
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int64 => Tensor.From(value.GetTensorDataAsSpan<long>(), shape),
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int32 => Tensor.From(value.GetTensorDataAsSpan<int>(), shape),
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.UInt8 => Tensor.From(value.GetTensorDataAsSpan<byte>(), shape),
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Bool => Tensor.From(value.GetTensorDataAsSpan<bool>(), shape),
            var other => throw new NotSupportedException(other.ToString()),
        };
    }
}
