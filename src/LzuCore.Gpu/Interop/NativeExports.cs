using System.Runtime.InteropServices;
using LzuCore.Memory;

namespace LzuCore.Gpu.Interop;

/// <summary>Reads the exports of one library into function pointers, and says in one exception which are missing.</summary>
/// <param name="library">Its name in errors.</param>
/// <param name="export">The address of an export, 0 when there is none. Tests pass their own.</param>
internal sealed class NativeExports(string library, Func<string, nint> export)
{
    private readonly List<string> _missing = [];

    /// <summary>The exports of a loaded library.</summary>
    public static Func<string, nint> Of(nint handle) => name => NativeLibrary.TryGetExport(handle, name, out var address) ? address : 0;

    /// <summary>An export without which the library is of no use.</summary>
    public nint Required(string name)
    {
        var address = export(name);
        if (address == 0) _missing.Add(name);
        return address;
    }

    /// <summary>An export that some versions lack; 0 when absent.</summary>
    public nint Optional(string name) => export(name);

    /// <summary>Ends the reading.</summary>
    /// <exception cref="DeviceException">Required exports are missing.</exception>
    public void RequireAll(string remedy)
    {
        if (_missing.Count > 0)
            throw new DeviceException($"{library}: must export {string.Join(", ", _missing)}, got a library without {(_missing.Count == 1 ? "it" : "them")}. {remedy}");
    }
}

/// <summary>A function of an NVIDIA library refused. Says which, with which status, and the library's own words.</summary>
internal sealed class NativeCallException(string library, string function, int status, string text, string remedy)
    : LzuException($"{library}: {function} must succeed, got status {status} ({text}). {remedy}")
{
    /// <summary>The C function.</summary>
    public string Function { get; } = function;

    /// <summary>What it returned.</summary>
    public int Status { get; } = status;
}
