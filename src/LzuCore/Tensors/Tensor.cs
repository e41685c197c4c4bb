using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Tensors;

/// <summary>An immutable n-dimensional array: a buffer, a layout over it, a dtype, and the op that made it. Arithmetic lives in <c>Ops/</c>.</summary>
/// <remarks>Logical axes are PyTorch's (<c>[N, C, H, W]</c>); rank-4 tensors lie channels-last in memory. Nobody disposes tensors:
/// buffers go back to the pool when the framework's scope closes or when the garbage collector finds them unreachable.</remarks>
public sealed partial class Tensor
{
    private readonly Storage _storage;

    internal Tensor(Storage storage, Layout layout, DType dtype, Op? producer = null, bool requiresGrad = false)
    {
        _storage = storage;
        Layout = layout;
        DType = dtype;
        Producer = producer;
        RequiresGrad = requiresGrad;
    }

    /// <summary>The sizes of the axes.</summary>
    public Shape Shape => Layout.Shape;

    /// <summary>How the shape lies in the buffer.</summary>
    public Layout Layout { get; }

    /// <summary>The type of the elements.</summary>
    public DType DType { get; }

    /// <summary>Where the buffer is.</summary>
    public Device Device => _storage.Device;

    /// <summary>Whether gradients flow to or through this tensor.</summary>
    public bool RequiresGrad { get; }

    /// <summary>Number of axes.</summary>
    public int Rank => Shape.Rank;

    /// <summary>The backend of this tensor's device.</summary>
    public Backend Backend => BackendRegistry.Get(Device);

    /// <summary>The op that made this tensor while gradients were recorded; null for data, parameters and everything under <see cref="Grad.Off"/>.</summary>
    internal Op? Producer { get; }

    internal Storage Storage => _storage;

    /// <summary>What kernels see. Keep the tensor alive (<see cref="GC.KeepAlive"/>) while one works on it; ops do.</summary>
    /// <exception cref="ReleasedTensorException">The buffer went back to the pool.</exception>
    public TensorView View => !_storage.IsReleased
        ? new TensorView(_storage, Layout, DType)
        : throw new ReleasedTensorException($"a tensor {DType.Name()} {Shape} was returned to the pool when its TensorScope closed; return it from the scope or call Persist().");

    /// <summary>The same data, cut off from the graph.</summary>
    public Tensor Detach() => new(_storage, Layout, DType);

    /// <summary>The same data as a leaf that gradients are wanted for.</summary>
    /// <exception cref="DTypeException">The dtype is not float32 or float64.</exception>
    public Tensor WithGrad()
    {
        Check.Floating("with_grad: tensor", DType);
        return new Tensor(_storage, Layout, DType, null, true);
    }

    /// <summary>Keeps the buffer beyond the scope it was made in.</summary>
    public Tensor Persist()
    {
        TensorScope.Forget(_storage);
        return this;
    }

    /// <summary>Copies the elements, in logical (row-major) order, to a new array.</summary>
    /// <typeparam name="T">The C# type of the dtype: float for float32, and so on. Use <c>.To(dtype)</c> first to convert.</typeparam>
    public T[] ToArray<T>() where T : unmanaged
    {
        if (DTypes.Of<T>() != DType) throw new DTypeException($"to_array: tensor is {DType.Name()}, asked for {DTypes.Of<T>().Name()}. Convert with .To(DType.{DTypes.Of<T>()}).");
        GraphCapture.RefuseRead("to_array", this);
        var result = new T[Shape.Count];
        using var scope = new TensorScope();
        var plain = this;
        if (!Layout.IsRowMajor || Layout.Offset != 0)
        {
            plain = EmptyWithLayout(Layout.RowMajor(Shape), DType, Device);
            Backend.Kernel<ICopyKernel>().Copy(View, plain.View);
        }
        Backend.Download(plain.View.Storage, System.Runtime.InteropServices.MemoryMarshal.AsBytes(result.AsSpan()));
        GC.KeepAlive(this);
        return result;
    }

    /// <summary>The single element as a number.</summary>
    /// <exception cref="ShapeException">There is not exactly one element.</exception>
    public double Item()
    {
        if (Shape.Count != 1) throw new ShapeException("item", "tensor must have exactly one element", Shape.ToString());
        GraphCapture.RefuseRead("item", this);
        using var scope = new TensorScope();
        var one = EmptyWithLayout(Layout.RowMajor([]), DType.Float64, Device);
        Backend.Kernel<ICopyKernel>().Copy(View.With(new Layout([], [], Layout.Offset)), one.View);
        Span<double> value = stackalloc double[1];
        Backend.Download(one.View.Storage, System.Runtime.InteropServices.MemoryMarshal.AsBytes(value));
        GC.KeepAlive(this);
        return value[0];
    }

    /// <summary>Values the way PyTorch prints them.</summary>
    public override string ToString() => TensorFormatter.Format(this);
}
