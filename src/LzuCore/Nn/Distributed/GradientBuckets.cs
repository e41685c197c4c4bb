using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Nn.Distributed;

// Gradients of one backward walk, summed over processes while the walk goes on.
// Buckets:  parameters in reverse order of their making, which is about the order in which the walk meets them, cut where a bucket is full or device or dtype change. A bucket is one buffer: gradients one after
//           another in their own memory order, then one number a parameter: 1 where this process has a gradient. The sum of these says whether any process has one: a parameter that none met keeps its state.
// Order:    bucket k is summed after those before it, in every process, whatever the order of its own walk.
// Memory:   a bucket's buffer belongs to nobody's scope while bytes are on their way, so a fault in the walk cannot give it back to the pool under MPI's hands.
internal sealed class GradientBuckets
{
    private readonly ProcessGroup _group;
    private readonly Bucket[] _buckets;
    private readonly Dictionary<Tensor, Slot> _slots = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Tensor, Tensor> _others = new(ReferenceEqualityComparer.Instance);
    private int _started;

    /// <summary>Buckets for the values that parameters have now.</summary>
    public GradientBuckets(IEnumerable<Parameter> parameters, ProcessGroup group, long bucketBytes)
    {
        _group = group;
        var buckets = new List<Bucket>();
        foreach (var parameter in parameters.Where(p => p.RequiresGrad).Reverse())
        {
            var value = parameter.Value;
            var bucket = buckets.LastOrDefault();
            if (bucket is null || bucket.Values * value.DType.Size() >= bucketBytes || bucket.DType != value.DType || bucket.Device != value.Device)
                buckets.Add(bucket = new Bucket(value.DType, value.Device));
            _slots[value] = bucket.Add(value);
        }
        _buckets = [.. buckets];
    }

    /// <summary>Takes a leaf's gradient; starts the sums of buckets that are full and whose turn it is.</summary>
    public void Take(Tensor leaf, Tensor gradient)
    {
        if (!_slots.TryGetValue(leaf, out var slot))
        {
            _others[leaf] = gradient;
            return;
        }
        slot.Bucket.Put(slot, gradient);
        while (_started < _buckets.Length && _buckets[_started].IsFull) _buckets[_started++].Start(_group);
    }

    /// <summary>Starts what is left, waits for all, and gives the sums. Gradients of leaves that are no parameters are this process's own.</summary>
    public Gradients Finish()
    {
        while (_started < _buckets.Length) _buckets[_started++].Start(_group);
        foreach (var bucket in _buckets) bucket.Wait();
        foreach (var (leaf, slot) in _slots)
            if (slot.Bucket.Sum(slot) is { } sum) _others[leaf] = sum;
        return new Gradients(_others);
    }

    // Where a parameter's gradient lies.
    private sealed record Slot(Bucket Bucket, int Index, Layout Layout);

    private sealed class Bucket(DType dtype, Device device)
    {
        private readonly List<Slot> _slots = [];
        private readonly List<bool> _has = [];
        private Tensor? _buffer;
        private double[]? _counts;
        private PendingSum _sum = PendingSum.Done;
        private int _filled;

        public DType DType => dtype;

        public Device Device => device;

        public long Values { get; private set; }

        public bool IsFull => _filled == _slots.Count;

        public Slot Add(Tensor value)
        {
            var slot = new Slot(this, _slots.Count, Layout.Default(value.Shape).WithOffset(Values));
            _slots.Add(slot);
            _has.Add(false);
            Values += value.Shape.Count;
            return slot;
        }

        public void Put(Slot slot, Tensor gradient)
        {
            Kernel.Copy(gradient.View, Buffer.View.With(slot.Layout));
            GC.KeepAlive(gradient);
            _has[slot.Index] = true;
            _filled++;
        }

        public void Start(ProcessGroup group)
        {
            var all = Buffer.View;
            if (IsFull) Kernel.Fill(1, all.With(Layout.RowMajor([_slots.Count]).WithOffset(Values)));
            else
                foreach (var slot in _slots)
                {
                    if (!_has[slot.Index]) Kernel.Fill(0, all.With(slot.Layout));
                    Kernel.Fill(_has[slot.Index] ? 1 : 0, all.With(new Layout([], [], Values + slot.Index)));
                }
            _sum = group.StartSum(all);
        }

        public void Wait()
        {
            _sum.Wait();
            TensorScope.Adopt(Buffer.Storage);
        }

        // Where this process has a gradient, there is one: only the others look at the counts, which a GPU has to be waited for.
        public Tensor? Sum(Slot slot)
        {
            if (_has[slot.Index] || Counts[slot.Index] > 0) return new Tensor(Buffer.Storage, slot.Layout, dtype);
            return null;
        }

        private ICopyKernel Kernel => BackendRegistry.Get(device).Kernel<ICopyKernel>();

        private Tensor Buffer => _buffer ??= Tensor.Empty([checked((int)(Values + _slots.Count))], dtype, device).Persist();

        private double[] Counts
        {
            get
            {
                if (_counts is not null) return _counts;
                var counts = Tensor.Empty([_slots.Count], DType.Float64, device);
                Kernel.Copy(Buffer.View.With(Layout.RowMajor([_slots.Count]).WithOffset(Values)), counts.View);
                return _counts = counts.ToArray<double>();
            }
        }
    }
}
