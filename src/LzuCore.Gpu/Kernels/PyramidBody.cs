using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;

namespace LzuCore.Gpu.Kernels;

// Every level of a pyramid in one launch, four channels a thread: the small levels, a few thousand threads each, are to hide behind the large one (not measured yet).
// The levels' arguments lie side by side; a thread finds its level by where the levels begin, then does what the kernel of a single level does.
internal readonly struct PyramidBody<S, TStored> : IKernelBody where S : unmanaged where TStored : struct, IStored<S, Quad<float>>
{
    public const int Most = 8;

    private readonly int _begin1, _begin2, _begin3, _begin4, _begin5, _begin6, _begin7;
    private readonly Level _l0, _l1, _l2, _l3, _l4, _l5, _l6, _l7;

    private PyramidBody(Level[] all, int[] begins)
    {
        (_begin1, _begin2, _begin3, _begin4, _begin5, _begin6, _begin7, Threads) = (begins[1], begins[2], begins[3], begins[4], begins[5], begins[6], begins[7], begins[8]);
        (_l0, _l1, _l2, _l3, _l4, _l5, _l6, _l7) = (all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7]);
    }

    /// <summary>The levels, whose elements are <typeparamref name="TElement"/>.</summary>
    public static PyramidBody<S, TStored> Of<TElement>(PaddingMode padding, ReadOnlySpan<SampleLevel> levels) where TElement : unmanaged
    {
        var begins = new int[Most + 1];
        var all = new Level[Most];
        for (var i = 0; i < Most; i++)
        {
            // Places that are not needed repeat the last level and get no threads.
            var level = levels[Math.Min(i, levels.Length - 1)];
            all[i] = new Level(new(new(padding, level.Xs, level.Input.Shape[3]), new(padding, level.Ys, level.Input.Shape[2]), level.Input.Shape[1] / 4,
                level.Input.Fours<TElement>().Cast<S>(), level.Output.Fours<TElement>().Cast<S>()));
            begins[i + 1] = checked(begins[i] + (i < levels.Length ? (int)(level.Output.Count / 4) : 0));
        }
        return new PyramidBody<S, TStored>(all, begins);
    }

    /// <summary>Threads of all levels.</summary>
    public int Threads { get; }

    public void Run(int index)
    {
        if (index < _begin1) _l0.Run(index);
        else if (index < _begin2) _l1.Run(index - _begin1);
        else if (index < _begin3) _l2.Run(index - _begin2);
        else if (index < _begin4) _l3.Run(index - _begin3);
        else if (index < _begin5) _l4.Run(index - _begin4);
        else if (index < _begin6) _l5.Run(index - _begin5);
        else if (index < _begin7) _l6.Run(index - _begin6);
        else _l7.Run(index - _begin7);
    }

    // Not a kernel by itself.
    private readonly struct Level(SeparableSampleKernel.ForwardBody<float, SingleReal, Quad<float>, Four<float>, S, TStored> body)
    {
        public void Run(int index) => body.Run(index);
    }
}
