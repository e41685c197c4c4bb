using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Matrix products by tiles: operands of any strides, four terms a load where they are contiguous.
internal sealed class GemmKernel(Launcher launcher) : IGemmKernel
{
    public void Forward(in GemmArgs args, TensorView a, TensorView b, in Epilogue epilogue, TensorView output)
    {
        if (output.DType == DType.Float64) Forward<double>(a, b, epilogue, output);
        else Forward<float>(a, b, epilogue, output);
    }

    private void Forward<T>(TensorView a, TensorView b, in Epilogue epilogue, TensorView output) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var shape = new ProductShape(output.Shape[0], output.Shape[1], output.Shape[2], a.Shape[2]);
        launcher.LaunchGroups<TileProduct<T, StridedRows<T>, StridedRows<T>, RowsResult<T, T, Plain<T>>>, Quad<T>, TileProduct<T, StridedRows<T>, StridedRows<T>, RowsResult<T, T, Plain<T>>>.Lane>(shape.Groups,
            new(shape, new StridedRows<T>(a, row: 1, term: 2), new StridedRows<T>(b, row: 2, term: 1), new RowsResult<T, T, Plain<T>>(shape.N, (long)shape.M * shape.N, 0, shape.N, epilogue, output)));
    }

    /// <summary>Rows of a strided view [batch, ..] along axis <paramref name="row"/>, terms along axis <paramref name="term"/>.</summary>
    internal readonly struct StridedRows<T>(TensorView view, int row, int term) : IProductOperand<T> where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly int _rows = view.Shape[row], _terms = view.Shape[term];
        private readonly long _offset = view.Layout.Offset, _batchStride = view.Layout.Strides[0], _rowStride = view.Layout.Strides[row], _termStride = view.Layout.Strides[term];
        private readonly int _fours = view.Layout.Strides[term] == 1 && view.Layout.Offset % 4 == 0 && view.Layout.Strides[0] % 4 == 0 && view.Layout.Strides[row] % 4 == 0 ? 1 : 0;
        private readonly ArrayView<T> _x = view.Elements<T>();

        public RowCursor Row(int batch, int row) => new(_offset + batch * _batchStride + row * _rowStride, 0, 0, row < _rows ? 1 : 0);

        public Quad<T> Load(RowCursor row, int batch, int k)
        {
            if (row.Inside == 0) return Four<T>.Zero;
            if (_fours != 0 && k + 3 < _terms) return _x.Cast<Quad<T>>()[(row.At + k) / 4];
            return new Quad<T>(One(row.At, k), One(row.At, k + 1), One(row.At, k + 2), One(row.At, k + 3));
        }

        private T One(long at, int k) => k < _terms ? _x[at + k * _termStride] : T.Zero;
    }
}
