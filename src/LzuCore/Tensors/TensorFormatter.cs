using System.Globalization;
using System.Text;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Tensors;

// Prints like PyTorch: nested brackets, at most six entries an axis.
internal static class TensorFormatter
{
    private const int Edge = 3;

    public static string Format(Tensor tensor)
    {
        if (tensor.Storage.IsReleased) return $"tensor(released, {tensor.DType.Name()} {tensor.Shape})";
        using var scope = new TensorScope();
        var wide = Tensor.EmptyWithLayout(Layout.RowMajor(tensor.Shape), DType.Float64, tensor.Device);
        tensor.Backend.Kernel<ICopyKernel>().Copy(tensor.View, wide.View);
        var values = wide.ToArray<double>();
        var text = new StringBuilder("tensor(");
        Append(text, tensor, values, 0, 0);
        return text.Append(", ").Append(tensor.DType.Name()).Append(' ').Append(tensor.Shape).Append(')').ToString();
    }

    private static void Append(StringBuilder text, Tensor tensor, double[] values, int axis, long start)
    {
        if (axis == tensor.Rank)
        {
            var v = values[start];
            text.Append(tensor.DType switch
            {
                DType.Bool => v != 0 ? "True" : "False",
                var d when d.IsFloating() => v.ToString("0.####", CultureInfo.InvariantCulture),
                _ => v.ToString("0", CultureInfo.InvariantCulture),
            });
            return;
        }
        long step = 1;
        for (var i = axis + 1; i < tensor.Rank; i++) step *= tensor.Shape[i];
        var size = tensor.Shape[axis];
        var separator = axis == tensor.Rank - 1 ? ", " : ",\n" + new string(' ', 8 + axis);
        text.Append('[');
        for (var i = 0; i < size; i++)
        {
            if (i > 0) text.Append(separator);
            if (size > 2 * Edge && i == Edge)
            {
                text.Append("...");
                i = size - Edge - 1;
                continue;
            }
            Append(text, tensor, values, axis + 1, start + i * step);
        }
        text.Append(']');
    }
}
