using LzuCore.Tensors.Autograd;
using TorchSharp;
using static TorchSharp.torch;
using Shape = LzuCore.Memory.Shape;
using Torch = TorchSharp.torch.Tensor;

namespace LzuCore.Peers;

/// <summary>One op call by libtorch, from the values so far.</summary>
internal delegate Torch TorchCall(IReadOnlyDictionary<GraphValue, Torch> values);

/// <summary>What libtorch calls for each op of a captured graph.</summary>
internal static class TorchCalls
{
    /// <summary>The call for a node.</summary>
    /// <param name="op">The node.</param>
    /// <param name="overwrites">Whether nobody else needs its first input, which may then be written over.</param>
    /// <exception cref="NotSupportedException">There is none.</exception>
    public static TorchCall Of(GraphNode op, bool overwrites)
    {
        var a = op.Attributes;
        var inputs = op.Inputs;
        switch (op.Op)
        {
            case "conv2d":
                long[] stride = Longs("stride"), padding = Longs("padding"), dilation = Longs("dilation");
                int groups = a.Whole("groups");
                return v => Finished(nn.functional.conv2d(v[inputs[0]], v[inputs[1]], inputs.Count > 2 ? v[inputs[2]] : null, stride, padding, dilation, groups), inputs.Count > 3 ? v[inputs[3]] : null);
            case "deform_conv2d": return DeformableConvolution();
            case "batch_norm" when !a.Flag("training"):
                return v => nn.functional.batch_norm(v[inputs[0]], v[inputs[^2]], v[inputs[^1]], a.Flag("weight") ? v[inputs[1]] : null, a.Flag("bias") ? v[inputs[a.Flag("weight") ? 2 : 1]] : null, training: false, eps: a.Number("eps"));
            case "group_norm":
                return v => Finished(nn.functional.group_norm(v[inputs[0]], a.Whole("num_groups"), a.Flag("weight") ? v[inputs[1]] : null, a.Flag("bias") ? v[inputs[^1]] : null, a.Number("eps")), null);
            case "max_pool2d":
                long[] kernel = Longs("kernel_size"), step = Longs("stride"), around = Longs("padding");
                return v => nn.functional.max_pool2d(v[inputs[0]], kernel, step, around);
            case "adaptive_avg_pool2d":
                return v => nn.functional.adaptive_avg_pool2d(v[inputs[0]], [op.Output.Shape[2], op.Output.Shape[3]]);
            case "interpolate":
                var nearest = a.Text("mode") == "Nearest";
                var corners = a.Flag("align_corners");
                return v => nearest
                    ? nn.functional.interpolate(v[inputs[0]], size: [op.Output.Shape[2], op.Output.Shape[3]], mode: InterpolationMode.Nearest)
                    : nn.functional.interpolate(v[inputs[0]], size: [op.Output.Shape[2], op.Output.Shape[3]], mode: InterpolationMode.Bilinear, align_corners: corners);
            case "separable_sample":
                var grid = Grid(inputs[0].Shape, inputs[1].Constant!.ToArray<float>(), inputs[2].Constant!.ToArray<float>());
                var mode = a.Text("padding_mode") == "Zeros" ? GridSamplePaddingMode.Zeros : GridSamplePaddingMode.Border;
                return v => nn.functional.grid_sample(v[inputs[0]], grid, GridSampleMode.Bilinear, mode, align_corners: true);
            case "relu": return v => overwrites ? v[inputs[0]].relu_() : v[inputs[0]].relu();
            case "sigmoid": return v => v[inputs[0]].sigmoid();
            case "exp": return v => v[inputs[0]].exp();
            case "abs": return v => v[inputs[0]].abs();
            case "add" or "mul" when inputs.Count == 1:
                double scale = a.Number("scale"), shift = a.Number("shift");
                return v => (scale, shift) switch { (_, 0) => v[inputs[0]].mul(scale), (1, _) => v[inputs[0]].add(shift), _ => v[inputs[0]].mul(scale).add(shift) };
            case "add" when overwrites && op.Output.Shape == inputs[0].Shape && !ReferenceEquals(inputs[0], inputs[1]): return v => v[inputs[0]].add_(v[inputs[1]]);
            case "add": return v => v[inputs[0]].add(v[inputs[1]]);
            case "sub" when inputs.Count == 2: return v => v[inputs[0]].sub(v[inputs[1]]);
            case "mul": return v => v[inputs[0]].mul(v[inputs[1]]);
            case "cat": return v => cat([.. inputs.Select(i => v[i])], a.Whole("dim"));
            case "narrow": return v => v[inputs[0]].narrow(a.Whole("dim"), a.Whole("start"), op.Output.Shape[a.Whole("dim")]);
            case "linear": return v => nn.functional.linear(v[inputs[0]], v[inputs[1]], inputs.Count > 2 ? v[inputs[2]] : null);
            case "reshape" or "flatten" or "contiguous": return v => v[inputs[0]].reshape(Sizes(op.Output.Shape));
            case "mean" when op.Output.Shape.Count == 1: return v => v[inputs[0]].mean().reshape(Sizes(op.Output.Shape));
            case "sigmoid_focal_loss": return FocalLoss();
            default: throw new NotSupportedException($"libtorch: '{op.Op}' has no call in TorchCalls");
        }

        // Residual and activation, in place as ours are.
        Torch Finished(Torch y, Torch? residual)
        {
            if (residual is not null) y = y.add_(residual);
            return a.Text("activation") == "Relu" ? y.relu_() : y;
        }

        // libtorch has none; torchvision's is a library of its own that TorchSharp does not bring. As in our ONNX export: every tap of every output is a point of one tall grid [N, taps·H, W, 2]; times the mask, the samples
        // are a convolution's columns.
        TorchCall DeformableConvolution()
        {
            Shape input = inputs[0].Shape, weight = inputs[1].Shape, output = op.Output.Shape;
            if (a.Whole("groups") != 1 || a.Whole("deform_groups") != 1) throw new NotSupportedException("libtorch: 'deform_conv2d' with groups has no call in TorchCalls");
            int taps = weight[2] * weight[3], height = output[2], width = output[3], afterMask = a.Flag("mask") ? 4 : 3, afterBias = afterMask + (a.Flag("bias") ? 1 : 0);
            long[] step = Longs("stride"), around = Longs("padding"), spread = Longs("dilation");
            // v = (2 p + 1)/D - 1 of a pixel p = place + offset; x before y, which offsets have the other way round.
            var (places, factors) = (new float[2 * taps * height * width], tensor(new[] { 2f / input[3], 2f / input[2] }).DetachFromDisposeScope());
            for (var i = 0; i < places.Length / 2; i++)
            {
                var (tap, row, column) = (i / width / height, i / width % height, i % width);
                places[2 * i] = (float)((2.0 * (column * step[1] - around[1] + tap % weight[3] * spread[1]) + 1) / input[3] - 1);
                places[2 * i + 1] = (float)((2.0 * (row * step[0] - around[0] + tap / weight[3] * spread[0]) + 1) / input[2] - 1);
            }
            var at = tensor(places, [1, taps * height, width, 2]).DetachFromDisposeScope();
            return v =>
            {
                var offset = v[inputs[2]].reshape(input[0], taps, 2, height, width).flip(2).permute(0, 1, 3, 4, 2).reshape(input[0], taps * height, width, 2);
                var columns = nn.functional.grid_sample(v[inputs[0]], offset.mul(factors).add_(at), GridSampleMode.Bilinear, GridSamplePaddingMode.Zeros, align_corners: false);
                if (a.Flag("mask")) columns = columns.mul_(v[inputs[3]].reshape(input[0], 1, taps * height, width));
                var y = nn.functional.conv2d(columns.reshape(input[0], input[1] * taps, height, width), v[inputs[1]].reshape(output[1], input[1] * taps, 1, 1), a.Flag("bias") ? v[inputs[afterMask]] : null, [1L, 1L], [0L, 0L], [1L, 1L], 1);
                return Finished(y, inputs.Count > afterBias ? v[inputs[afterBias]] : null);
            };
        }

        // As torchvision.ops.sigmoid_focal_loss has it, before its reduction.
        TorchCall FocalLoss()
        {
            double alpha = a.Number("alpha"), gamma = a.Number("gamma");
            return v =>
            {
                var (x, t) = (v[inputs[0]], v[inputs[1]]);
                var p = x.sigmoid();
                var entropy = nn.functional.binary_cross_entropy_with_logits(x, t, reduction: nn.Reduction.None);
                var modulated = entropy * (1 - (p * t + (1 - p) * (1 - t))).pow(gamma);
                return alpha < 0 ? modulated : (alpha * t + (1 - alpha) * (1 - t)) * modulated;
            };
        }

        static Torch Grid(Shape image, float[] xs, float[] ys)
        {
            var points = new float[2 * xs.Length * ys.Length];
            for (var i = 0; i < points.Length; i++) points[i] = i % 2 == 0 ? 2 * xs[i / 2 % xs.Length] / (image[3] - 1) - 1 : 2 * ys[i / 2 / xs.Length] / (image[2] - 1) - 1;
            return tensor(points, [1, ys.Length, xs.Length, 2]).DetachFromDisposeScope();
        }

        static long[] Sizes(Shape shape) => [.. shape.Dims.ToArray().Select(d => (long)d)];

        long[] Longs(string name) => [.. a.Wholes(name).Select(w => (long)w)];
    }
}
