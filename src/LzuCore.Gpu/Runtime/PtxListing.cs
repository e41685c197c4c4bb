using System.Text.RegularExpressions;

namespace LzuCore.Gpu.Runtime;

/// <summary>What a kernel's PTX does, counted in its text: each instruction once, however often it runs.</summary>
/// <param name="Loads">Global loads of one value.</param>
/// <param name="VectorLoads">Global loads of two or four values at once.</param>
/// <param name="Stores">Global stores of one value.</param>
/// <param name="VectorStores">Global stores of two or four values at once.</param>
/// <param name="Shared">Accesses to shared memory.</param>
/// <param name="Local">Accesses to local memory, which is global memory in disguise.</param>
/// <param name="Branches">Branches.</param>
/// <param name="Instructions">All instructions.</param>
internal sealed partial record PtxListing(int Loads, int VectorLoads, int Stores, int VectorStores, int Shared, int Local, int Branches, int Instructions)
{
    public static PtxListing Of(string ptx)
    {
        var instructions = Instruction().Matches(ptx).Select(m => m.Groups[1].Value).ToList();
        int Count(Func<string, bool> which) => instructions.Count(which);
        static bool Vector(string i) => i.Contains(".v2.") || i.Contains(".v4.");
        return new PtxListing(
            Count(i => i.StartsWith("ld.global", StringComparison.Ordinal) && !Vector(i)), Count(i => i.StartsWith("ld.global", StringComparison.Ordinal) && Vector(i)),
            Count(i => i.StartsWith("st.global", StringComparison.Ordinal) && !Vector(i)), Count(i => i.StartsWith("st.global", StringComparison.Ordinal) && Vector(i)),
            Count(i => i.StartsWith("ld.shared", StringComparison.Ordinal) || i.StartsWith("st.shared", StringComparison.Ordinal)),
            Count(i => i.StartsWith("ld.local", StringComparison.Ordinal) || i.StartsWith("st.local", StringComparison.Ordinal)),
            Count(i => i.StartsWith("bra", StringComparison.Ordinal)), instructions.Count);
    }

    [GeneratedRegex(@"^\s*(?:@!?%\w+\s+)?([a-z][\w.]*)(?:\s[^;]*)?;", RegexOptions.Multiline)]
    private static partial Regex Instruction();
}
