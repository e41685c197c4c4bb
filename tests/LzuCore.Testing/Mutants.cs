using System.Diagnostics;
using LzuCore.Memory;

namespace LzuCore.Testing;

/// <summary>Damaged files by the thousand. The environment variable <c>LZU_MUTANTS</c> sets how many of each kind, where the suite's own number is smaller to keep it quick.</summary>
public static class Mutants
{
    private static readonly ulong[] Edges = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1UL << 62, ulong.MaxValue];

    /// <summary>How many: the environment's number, or the usual one.</summary>
    public static int Count(int usual) => int.TryParse(Environment.GetEnvironmentVariable("LZU_MUTANTS"), out var asked) && asked > 0 ? asked : usual;

    /// <summary>Reads damaged copies of a file: each must be read, or be refused by one line, within two seconds and bounded memory.</summary>
    /// <param name="good">A whole file.</param>
    /// <param name="usual">How many copies.</param>
    /// <param name="mostBytes">Managed memory that one reading may ask for.</param>
    /// <param name="read">Reads one.</param>
    /// <param name="pieces">What the format is made of: put in at random places.</param>
    /// <returns>What happened, in a line.</returns>
    /// <exception cref="InvalidOperationException">A mutant was neither read nor refused as it should be.</exception>
    public static string Survive(byte[] good, int usual, long mostBytes, Action<byte[]> read, params byte[][] pieces)
    {
        read(good);
        var random = new Random(20230324);
        var (taken, refused, slowest, largest, before) = (0, 0, TimeSpan.Zero, 0L, BufferPool.Shared.Statistics.PeakBytes);
        for (var i = 0; i < Count(usual); i++)
        {
            var mutant = One(good, random, pieces);
            if (i % 3 == 0 && mutant.Length > 0) mutant = One(mutant, random, pieces);
            var (watch, allocated) = (Stopwatch.StartNew(), GC.GetAllocatedBytesForCurrentThread());
            try
            {
                read(mutant);
                taken++;
            }
            catch (LzuException fault)
            {
                refused++;
                if (fault.Message.Contains('\n') || fault.Message.Length > 2000) throw new InvalidOperationException($"mutant {i}: not one line: {fault.Message}");
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"mutant {i} of {mutant.Length} bytes: {fault}", fault);
            }
            if (watch.Elapsed > slowest) slowest = watch.Elapsed;
            largest = Math.Max(largest, GC.GetAllocatedBytesForCurrentThread() - allocated);
        }
        var tally = $"{taken} read, {refused} refused, slowest {slowest.TotalMilliseconds:0} ms, largest {largest >> 10} KiB, pool {(BufferPool.Shared.Statistics.PeakBytes - before) >> 10} KiB more";
        if (refused <= Count(usual) / 10 || slowest.TotalSeconds >= 2 || largest >= mostBytes) throw new InvalidOperationException(tally);
        return tally;
    }

    private static byte[] One(byte[] good, Random random, byte[][] pieces)
    {
        var (at, length) = (random.Next(good.Length), random.Next(1, 64));
        return random.Next(9) switch
        {
            0 => Splice(good, at, 1, [(byte)random.Next(256)]),
            1 => Splice(good, at, 1, [(byte)(good[at] ^ (1 << random.Next(8)))]),
            2 => Overwrite(BitConverter.GetBytes(Edges[random.Next(Edges.Length)])[..(1 << random.Next(4))]),
            3 => good[..at],
            4 => Splice(good, at, 0, good[(at / 2)..Math.Min(good.Length, at / 2 + length)]),
            5 => Splice(good, at, length, []),
            6 => [.. good, .. Enumerable.Repeat((byte)random.Next(256), 4096)],
            7 => Overwrite(BitConverter.GetBytes((uint)random.Next())),
            _ => pieces.Length > 0 ? Splice(good, at, random.Next(8), pieces[random.Next(pieces.Length)]) : Splice(good, at, 4, [.. BitConverter.GetBytes(random.Next()).Reverse()]),
        };

        byte[] Overwrite(byte[] values) => Splice(good, at, values.Length, values);
    }

    private static byte[] Splice(byte[] bytes, int at, int remove, byte[] insert) => [.. bytes[..at], .. insert, .. bytes[Math.Min(bytes.Length, at + remove)..]];
}
