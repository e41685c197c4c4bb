using System.Text;
using ILGPU.Runtime.Cuda;
using LzuCore.Gpu.Runtime;

namespace LzuCore.Gpu;

/// <summary>One kernel as a GPU gets it, counted in its PTX: every instruction once, however often it runs.</summary>
/// <param name="Name">Kernel and type arguments.</param>
/// <param name="Loads">Global loads of one value.</param>
/// <param name="VectorLoads">Global loads of two or four values at once.</param>
/// <param name="Stores">Global stores of one value.</param>
/// <param name="VectorStores">Global stores of two or four values at once.</param>
/// <param name="Shared">Accesses to shared memory.</param>
/// <param name="Local">Accesses to local memory, which is global memory in disguise; 0 is right.</param>
/// <param name="Branches">Branches.</param>
/// <param name="Instructions">All instructions.</param>
/// <param name="Same">Whether both architectures have the same counts.</param>
public sealed record KernelSummary(string Name, int Loads, int VectorLoads, int Stores, int VectorStores, int Shared, int Local, int Branches, int Instructions, bool Same);

/// <summary>Every kernel compiled to PTX, which needs no GPU: for looking at, for ptxas, for counting.</summary>
public static class KernelListing
{
    private static readonly (string Name, CudaArchitecture Architecture)[] Architectures = [("sm_80", CudaArchitecture.SM_80), ("sm_90", CudaArchitecture.SM_90)];

    /// <summary>How many kernels there are.</summary>
    public static int Count => KernelCatalog.Bodies.Sum(b => KernelCatalog.Close(b).Count());

    /// <summary>Compiles every kernel for sm_80 and sm_90.</summary>
    /// <param name="folder">Where each becomes <c>NAME.sm_80.ptx</c> and <c>NAME.sm_90.ptx</c>; null writes nothing.</param>
    /// <exception cref="NotSupportedException">A kernel does not compile.</exception>
    public static IEnumerable<KernelSummary> Compile(string? folder)
    {
        if (folder is not null) Directory.CreateDirectory(folder);
        var compilers = Architectures.Select(a => new KernelCompiler(a.Architecture)).ToArray();
        try
        {
            foreach (var body in KernelCatalog.Bodies.SelectMany(KernelCatalog.Close))
            {
                var name = KernelCatalog.Name(body);
                var texts = compilers.Select(c => c.Compile(body).Ptx).ToArray();
                for (var i = 0; folder is not null && i < texts.Length; i++) File.WriteAllText(Path.Combine(folder, $"{name}.{Architectures[i].Name}.ptx"), texts[i], new UTF8Encoding(false));
                PtxListing a = PtxListing.Of(texts[0]), b = PtxListing.Of(texts[1]);
                yield return new KernelSummary(name, b.Loads, b.VectorLoads, b.Stores, b.VectorStores, b.Shared, b.Local, b.Branches, b.Instructions, a == b);
            }
        }
        finally
        {
            foreach (var compiler in compilers) compiler.Dispose();
        }
    }
}
