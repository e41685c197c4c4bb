using LzuCore.Memory;

namespace LzuCore.Tensors.Autograd;

// The topological walk: from the output backwards, each op exactly once, after all of its consumers. An op's saved tensors are dropped as soon as
// it has passed, so memory falls while walking.
internal static class Engine
{
    public static Gradients Run(Tensor output, Tensor? upstream, Action<Tensor, Tensor>? ready)
    {
        if (upstream is null && output.Shape.Count != 1)
            throw new ShapeException("backward", "output must have one element when no upstream gradient is given", output.Shape.ToString(), "Reduce it with .Sum() or .Mean(), or pass upstream.");
        if (upstream is not null) Check.Shape("backward: upstream", upstream.Shape, output.Shape.Dims);
        if (!output.RequiresGrad)
            throw new ArgumentValueException("backward: output does not depend on any tensor that requires a gradient. Make leaves with .WithGrad(), and do not compute under Grad.Off().");

        using var off = Grad.Off();
        var pending = new Dictionary<Tensor, Tensor>(ReferenceEqualityComparer.Instance);
        var leaves = new Dictionary<Tensor, Tensor>(ReferenceEqualityComparer.Instance);
        pending[output] = upstream ?? Tensor.Full(output.Shape, 1, output.DType, output.Device);
        foreach (var tensor in Order(output))
        {
            if (!pending.Remove(tensor, out var gradient)) continue;
            if (tensor.Producer is not { } op)
            {
                leaves[tensor] = gradient;
                ready?.Invoke(tensor, gradient);
                continue;
            }
            var inputs = op.Inputs.ToArray();
            if (inputs.Length == 0) throw new ArgumentValueException($"backward: {op.Name} was already walked back; its saved tensors are gone. Compute the loss again.");
            using (var scope = new TensorScope())
            {
                var sink = new GradSink(inputs);
                op.Backward(gradient, sink);
                for (var i = 0; i < inputs.Length; i++)
                {
                    if (sink.Take(i) is not { } dInput) continue;
                    if (Grad.IsDetectingAnomalies) Op.CheckFinite($"{op.Name}: the gradient of input {i}", dInput);
                    var total = pending.TryGetValue(inputs[i], out var sum) ? GradSink.Sum(sum, dInput) : dInput;
                    pending[inputs[i]] = scope.Keep(total);
                }
            }
            op.Free();
            GC.KeepAlive(inputs);
            GC.KeepAlive(gradient);
        }
        return new Gradients(leaves);
    }

    // Consumers before producers: reverse post-order of a depth-first walk, without recursion.
    private static List<Tensor> Order(Tensor output)
    {
        var seen = new HashSet<Tensor>(ReferenceEqualityComparer.Instance) { output };
        var stack = new Stack<(Tensor Tensor, int Next)>();
        var order = new List<Tensor>();
        stack.Push((output, 0));
        while (stack.TryPop(out var frame))
        {
            var inputs = frame.Tensor.Producer is { } op ? op.Inputs : default;
            if (frame.Next < inputs.Length)
            {
                stack.Push((frame.Tensor, frame.Next + 1));
                var input = inputs[frame.Next];
                if (input.RequiresGrad && seen.Add(input)) stack.Push((input, 0));
            }
            else order.Add(frame.Tensor);
        }
        order.Reverse();
        return order;
    }
}
