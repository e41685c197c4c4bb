using System.Runtime.CompilerServices;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

/// <summary>The host: pooled memory and the table of CPU kernels, one Register line each.</summary>
public sealed unsafe class CpuBackend : Backend
{
    private CpuBackend()
        : base(Device.Cpu)
    {
        Register<IAttractionKernel>(new AttractionKernel());
        Register<IAxisWarpKernel>(new AxisWarpKernel());
        Register<ICompareKernel>(new CompareKernel());
        Register<IConv2dKernel>(new Conv2dKernel(MicroKernel.Fastest));
        Register<ICopyKernel>(new CopyKernel());
        Register<IDeformConv2dKernel>(new DeformConv2dKernel(MicroKernel.Fastest, ChannelVectors.Widest));
        Register<IDropoutKernel>(new DropoutKernel());
        Register<IGatherKernel>(new GatherKernel());
        Register<IGemmKernel>(new GemmKernel(MicroKernel.Fastest));
        Register<IGridSampleKernel>(new GridSampleKernel(ChannelVectors.Widest));
        Register<IInterpolateKernel>(new InterpolateKernel(ChannelVectors.Widest));
        Register<IKernelDensityKernel>(new KernelDensityKernel());
        Register<IMapKernel>(new MapKernel());
        Register<INormKernel>(new NormKernel());
        Register<IOptimizerKernel>(new OptimizerKernel());
        Register<IPadKernel>(new PadKernel());
        Register<IPlaneWarpKernel>(new PlaneWarpKernel());
        Register<IPool2dKernel>(new Pool2dKernel());
        Register<IReduceKernel>(new ReduceKernel());
        Register<IScanKernel>(new ScanKernel());
        Register<ISeparableSampleKernel>(new SeparableSampleKernel(ChannelVectors.Widest));
        Register<ISoftmaxKernel>(new SoftmaxKernel());
        Register<ISortKernel>(new SortKernel());
        Register<IZipKernel>(new ZipKernel());
    }

    /// <summary>Whether convolutions of 3x3 taps and stride 1 or 2, gradients of those of stride 1, and a stem's 7x7 taps of stride 2 may be computed by Winograd's algorithm where that is estimated to be faster (true unless set). Their results
    /// differ from the definition's by up to 4e-6 of the largest output with 256 channels, and a value that is not finite reaches every output of its tiles of 4x6, not only its neighbours.</summary>
    public static bool Winograd { get; set; } = true;

    /// <summary>Whether convolutions of 1x1 taps may be computed by Strassen's algorithm where that is estimated to be faster (true unless set). Their results differ from the definition's by up to 4e-6 of the largest output,
    /// and a value that is not finite reaches the pixel on its left or right as well.</summary>
    public static bool Strassen { get; set; } = true;

    [ModuleInitializer]
    internal static void RegisterSelf() => BackendRegistry.Register("cpu", _ => new CpuBackend());

    /// <inheritdoc/>
    public override Storage Allocate(DType dtype, long count) => new HostStorage(Device, checked(count * dtype.Size()), BufferPool.Shared);

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<byte> host, Storage storage) => host.CopyTo(Bytes(storage, host.Length));

    /// <inheritdoc/>
    public override void Download(Storage storage, Span<byte> host) => Bytes(storage, host.Length).CopyTo(host);

    /// <inheritdoc/>
    public override void Synchronize() { }

    private static Span<byte> Bytes(Storage storage, int length)
    {
        Check.That(length <= storage.ByteLength, $"copy: {length} bytes do not fit a buffer of {storage.ByteLength}.");
        return new Span<byte>(((HostStorage)storage).Pointer, length);
    }
}
