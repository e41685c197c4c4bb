using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Runtime;

/// <summary>A device view's values in host memory for the length of a <c>using</c> block; outputs go back at its end.</summary>
internal sealed class HostCopy : IDisposable
{
    private static readonly Backend Cpu = BackendRegistry.Get(Device.Cpu);
    private readonly Backend _device;
    private readonly TensorView _view;
    private readonly TensorView _dense;
    private readonly bool _writeBack;

    private HostCopy(Backend device, TensorView view, bool writeBack)
    {
        (_device, _view, _writeBack) = (device, view, writeBack);
        var layout = Layout.Default(view.Shape);
        _dense = new TensorView(device.Allocate(view.DType, view.Count), layout, view.DType);
        View = new TensorView(Cpu.Allocate(view.DType, view.Count), layout, view.DType);
    }

    /// <summary>The copy, dense, for CPU kernels.</summary>
    public TensorView View { get; }

    /// <summary>Values to read.</summary>
    public static HostCopy Read(Backend device, TensorView view)
    {
        var copy = new HostCopy(device, view, writeBack: false);
        device.Kernel<ICopyKernel>().Copy(view, copy._dense);
        var bytes = copy.Buffer();
        device.Download(copy._dense.Storage, bytes);
        Cpu.Upload(bytes, copy.View.Storage);
        return copy;
    }

    /// <summary>Values to write; the device gets them when the copy is disposed.</summary>
    public static HostCopy Write(Backend device, TensorView view) => new(device, view, writeBack: true);

    /// <summary>Writes back and releases both buffers.</summary>
    public void Dispose()
    {
        if (_writeBack)
        {
            var bytes = Buffer();
            Cpu.Download(View.Storage, bytes);
            _device.Upload(bytes, _dense.Storage);
            _device.Kernel<ICopyKernel>().Copy(_dense, _view);
        }
        _dense.Storage.Release();
        View.Storage.Release();
    }

    private byte[] Buffer() => new byte[_view.Count * _view.DType.Size()];
}
