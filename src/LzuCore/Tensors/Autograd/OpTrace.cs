using System.Diagnostics;

namespace LzuCore.Tensors.Autograd;

/// <summary>Records each op's name, time, arithmetic and saved bytes on this thread while open: <c>using var trace = OpTrace.Begin();</c>.</summary>
public sealed class OpTrace : IDisposable
{
    [ThreadStatic] private static OpTrace? _current;
    private readonly OpTrace? _parent;
    private readonly List<Entry> _entries = [];

    private OpTrace()
    {
        _parent = _current;
        _current = this;
    }

    /// <summary>One op call.</summary>
    /// <param name="Op">The op's name.</param>
    /// <param name="Milliseconds">Wall time of the forward pass.</param>
    /// <param name="Flops">Multiply-adds counted twice; 0 where not counted.</param>
    /// <param name="SavedBytes">Bytes kept for the backward pass.</param>
    public readonly record struct Entry(string Op, double Milliseconds, long Flops, long SavedBytes);

    /// <summary>The calls so far, in order.</summary>
    public IReadOnlyList<Entry> Entries => _entries;

    /// <summary>Starts recording on this thread.</summary>
    public static OpTrace Begin() => new();

    /// <summary>Stops recording.</summary>
    public void Dispose() => _current = _parent;

    internal static long Start() => _current is null ? 0 : Stopwatch.GetTimestamp();

    internal static void Stop(long started, Op op, long flops)
    {
        if (_current is not null && started != 0)
            _current._entries.Add(new Entry(op.Name, Stopwatch.GetElapsedTime(started).TotalMilliseconds, flops, op.SavedBytes));
    }
}
