using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LzuCore.Gpu.Interop;

namespace LzuCore.Gpu.Tests.Cudnn;

/// <summary>A cuDNN without a GPU: exports of the real names that keep books of every descriptor and call, and compute what the descriptors say.</summary>
/// <remarks>It reads shapes, types and orders from the descriptors alone, so a wrong descriptor gives a wrong result. One instance is current at a time.</remarks>
internal sealed unsafe partial class FakeCudnn : IDisposable
{
    private static FakeCudnn? _current;
    private static readonly nint Words = Marshal.StringToCoTaskMemUTF8("FAKE_STATUS");
    private readonly Dictionary<string, nint> _exports = [];

    // Never twice, so that a leaked object of an earlier test is not taken for one of this.
    private static nint _next = 0x1000;
    private readonly nint _first = _next;

    public FakeCudnn()
    {
        _current = this;
        AddCore();
        AddConvolutions();
        AddGraph();
    }

    /// <summary>The instance that exports answer for.</summary>
    private static FakeCudnn Current => _current ?? throw new InvalidOperationException("no fake is current");

    /// <summary>A native object: what kind, its numbers (fixed functions) or attributes (graph).</summary>
    public sealed class Entry(string kind, nint handle)
    {
        public string Kind { get; } = kind;
        public nint Handle { get; } = handle;
        public int[] Values { get; set; } = [];
        public CudnnMath Math { get; set; } = (CudnnMath)(-1);
        public int Groups { get; set; } = 1;
        public List<(CudnnAttribute Name, CudnnAttributeType Type, long Count, byte[] Bytes)> Attributes { get; } = [];
        public bool IsComplete { get; set; }
        public Engine? Engine { get; set; }
    }

    /// <summary>Every call, in order.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>What must not happen: a descriptor used after its end, destroyed twice, or of the wrong kind.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>Objects made and not destroyed.</summary>
    public Dictionary<nint, Entry> Alive { get; } = [];

    /// <summary>Objects made, whether or not they still exist.</summary>
    public List<Entry> Made { get; } = [];

    /// <summary>The status that a function returns instead of working; 0 lets it work.</summary>
    public Func<string, int> StatusOf { get; set; } = _ => 0;

    public nuint Version { get; set; } = 91200;

    public nuint CudartVersion { get; set; } = 13000;

    /// <summary>Names that <see cref="Export"/> denies.</summary>
    public HashSet<string> Missing { get; } = [];

    public CudnnApi Api() => new(Export);

    public nint Export(string name) => Missing.Contains(name) ? 0 : _exports.GetValueOrDefault(name);

    public int CountOf(string call) => Calls.Count(c => c == call);

    public void Dispose() => _current = null;

    private static int Enter(string call)
    {
        Current.Calls.Add(call);
        return Current.StatusOf(call);
    }

    private static int Make(string call, string kind, nint* made)
    {
        var status = Enter(call);
        if (status != 0) return status;
        var entry = new Entry(kind, _next += 16);
        Current.Alive.Add(entry.Handle, entry);
        Current.Made.Add(entry);
        *made = entry.Handle;
        return 0;
    }

    private static int End(string call, string kind, nint handle)
    {
        // The finalizer of what an earlier test leaked, which that test has reported.
        if (_current is null || handle <= Current._first) return 0;
        var status = Enter(call);
        if (!Current.Alive.Remove(handle, out var entry)) Current.Faults.Add($"{call}: {handle:x} does not exist");
        else if (entry.Kind != kind) Current.Faults.Add($"{call}: {handle:x} is a {entry.Kind}");
        return status;
    }

    private static Entry Use(string call, string kind, nint handle)
    {
        if (Current.Alive.TryGetValue(handle, out var entry) && entry.Kind == kind) return entry;
        Current.Faults.Add($"{call}: {handle:x} is no living {kind}");
        return new Entry(kind, handle);
    }

    private void AddCore()
    {
        _exports["cudnnGetVersion"] = (nint)(delegate* unmanaged[Cdecl]<nuint>)&GetVersion;
        _exports["cudnnGetCudartVersion"] = (nint)(delegate* unmanaged[Cdecl]<nuint>)&GetCudartVersion;
        _exports["cudnnGetErrorString"] = (nint)(delegate* unmanaged[Cdecl]<int, byte*>)&GetErrorString;
        _exports["cudnnGetLastErrorString"] = (nint)(delegate* unmanaged[Cdecl]<byte*, nuint, void>)&GetLastErrorString;
        _exports["cudnnCreate"] = (nint)(delegate* unmanaged[Cdecl]<nint*, int>)&Create;
        _exports["cudnnDestroy"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&Destroy;
        _exports["cudnnSetStream"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, int>)&SetStream;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint GetVersion() => Current.Version;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint GetCudartVersion() => Current.CudartVersion;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* GetErrorString(int status) => (byte*)Words;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void GetLastErrorString(byte* buffer, nuint size) => "the last words\0"u8.CopyTo(new Span<byte>(buffer, (int)size));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Create(nint* made) => Make("cudnnCreate", "handle", made);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Destroy(nint handle) => End("cudnnDestroy", "handle", handle);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SetStream(nint handle, nint stream)
    {
        Use("cudnnSetStream", "handle", handle).Values = [(int)stream];
        return Enter("cudnnSetStream");
    }
}
