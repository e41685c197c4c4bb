using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace LzuCore.Vision.Tests;

/// <summary>Recorded numbers of the reference implementations (torchvision 0.14.1, mmdetection 2.x): uncompressed zip archives of .npy arrays.</summary>
public sealed partial class ModelGoldens : IDisposable
{
    private readonly ZipArchive _zip;

    public ModelGoldens(string name)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LzuCore.sln"))) folder = Path.GetDirectoryName(folder)!;
        _zip = ZipFile.OpenRead(Path.Combine(folder, "tests", "goldens", "models", name));
    }

    public float[] Floats(string name) => Read<float>(name, "<f4");

    public double[] Doubles(string name) => Read<double>(name, "<f8");

    public long[] Longs(string name) => Read<long>(name, "<i8");

    public void Dispose() => _zip.Dispose();

    private T[] Read<T>(string name, string dtype) where T : unmanaged
    {
        using var stream = (_zip.GetEntry(name + ".npy") ?? throw new ArgumentException($"no array {name}")).Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        var bytes = copy.ToArray();
        var header = BitConverter.ToUInt16(bytes, 8);
        var found = Descr().Match(Encoding.ASCII.GetString(bytes, 10, header)).Groups[1].Value;
        if (found != dtype) throw new ArgumentException($"{name} holds {found}, asked for {dtype}");
        return MemoryMarshal.Cast<byte, T>(bytes.AsSpan(10 + header)).ToArray();
    }

    [GeneratedRegex("'descr': '(.*?)'")]
    private static partial Regex Descr();
}
