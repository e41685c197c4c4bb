using System.Diagnostics;
using CsCheck;
using LzuCore.Memory;
using LzuCore.Testing;

namespace LzuCore.Tests.Nn.Serialization;

/// <summary>Thousands of damaged files per format: each is read, or refused with one typed error. Anything else fails, and so does a hang.</summary>
public sealed class MutationTests
{
    // LZU_MUTANTS=10000 asks for more.
    private static readonly int Count = Mutants.Count(1500);
    private static readonly ulong[] Edges = [0, 1, 0x7F, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1UL << 62, ulong.MaxValue];

    private static readonly Gen<Func<byte[], byte[]>> Mutation = Gen.OneOf(
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte).Select((at, value) => (Func<byte[], byte[]>)(b => With(b, at, value))),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[0, 7]).Select((at, bit) => (Func<byte[], byte[]>)(b => With(b, at, (byte)(b[at % b.Length] ^ (1 << bit))))),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[0, Edges.Length - 1], Gen.Int[1, 3]).Select((at, edge, log) => (Func<byte[], byte[]>)(b => Overwrite(b, at, BitConverter.GetBytes(Edges[edge])[..(1 << log)]))),
        Gen.Int[0, int.MaxValue].Select(at => (Func<byte[], byte[]>)(b => b[..(at % b.Length)])),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[1, 64], Gen.Int[0, int.MaxValue]).Select((from, length, to) => (Func<byte[], byte[]>)(b => Overwrite(b, to, b[(from % b.Length)..Math.Min(b.Length, from % b.Length + length)]))),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte.Array[1, 16]).Select((at, bytes) => (Func<byte[], byte[]>)(b => [.. b[..(at % b.Length)], .. bytes, .. b[(at % b.Length)..]])),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[1, 64]).Select((at, length) => (Func<byte[], byte[]>)(b => [.. b[..(at % b.Length)], .. b[Math.Min(b.Length, at % b.Length + length)..]])));

    private static byte[] With(byte[] bytes, int at, byte value) => Overwrite(bytes, at, [value]);

    private static byte[] Overwrite(byte[] bytes, int at, byte[] values)
    {
        var result = (byte[])bytes.Clone();
        at %= bytes.Length;
        values.AsSpan(0, Math.Min(values.Length, bytes.Length - at)).CopyTo(result.AsSpan(at));
        return result;
    }

    [TestCase("zip_mmdet_style.pth")]
    [TestCase("zip_deflated.pth")]
    [TestCase("zip_protocol4.pth")]
    [TestCase("legacy_views_shared.pth")]
    [TestCase("legacy_mmdet_style.pth")]
    [TestCase("bare_pickle_tensor.pkl")]
    [TestCase("ok_all_dtypes.safetensors")]
    [TestCase("made.npz")]
    [TestCase("made.npy")]
    public void DamagedFile_IsReadOrRefused_NeverAnythingElse(string file)
    {
        using var folder = new TemporaryFolder();
        var good = Seed(folder, file);
        var path = folder.File("mutant");
        var (read, refused, slowest, largest) = (0, 0, TimeSpan.Zero, 0L);
        var peak = BufferPool.Shared.Statistics.PeakBytes;
        Gen.Select(Mutation, Mutation, Gen.Bool).Sample((first, second, twice) =>
        {
            var mutant = first(good);
            if (twice && mutant.Length > 0) mutant = second(mutant);
            File.WriteAllBytes(path, mutant);
            var (watch, allocated) = (Stopwatch.StartNew(), GC.GetAllocatedBytesForCurrentThread());
            try
            {
                CheckpointGoldenTests.ReadAll(path);
                read++;
            }
            catch (LzuException)
            {
                refused++;
            }
            if (watch.Elapsed > slowest) slowest = watch.Elapsed;
            largest = Math.Max(largest, GC.GetAllocatedBytesForCurrentThread() - allocated);
        }, iter: Count, threads: 1);
        TestContext.Out.WriteLine($"{file}: {read} read, {refused} refused, slowest {slowest.TotalMilliseconds:0} ms, largest {largest >> 10} KiB, pool {(BufferPool.Shared.Statistics.PeakBytes - peak) >> 10} KiB more");
        Assert.That(read + refused, Is.GreaterThanOrEqualTo(Count));
        Assert.That(refused, Is.GreaterThan(200));
        Assert.That(slowest.TotalSeconds, Is.LessThan(2));
        Assert.That(largest, Is.LessThan(256 << 20));
        Assert.That(BufferPool.Shared.Statistics.PeakBytes - peak, Is.LessThan(256 << 20));
    }

    private static byte[] Seed(TemporaryFolder folder, string file)
    {
        var tensor = LzuCore.Tensors.Tensor.Generate([3, 5], i => i);
        switch (file)
        {
            case "made.npz": LzuCore.Nn.Serialization.Npz.Write(folder.File(file), [new("a", tensor), new("b/c", tensor)], compress: true); break;
            case "made.npy": LzuCore.Nn.Serialization.Npy.Write(folder.File(file), tensor); break;
            default: return File.ReadAllBytes(Path.Combine(CheckpointGoldenTests.Folder, file));
        }
        return File.ReadAllBytes(folder.File(file));
    }
}
