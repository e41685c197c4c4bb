using ILGPU;

namespace LzuCore.Gpu.Runtime;

/// <summary>A kernel whose threads work in groups through shared memory, written in phases: in each, all lanes stage values, then all lanes use them.</summary>
/// <remarks>On a GPU a group is a block, the barriers lie between the steps and the state lives in registers. On the host one thread runs the lanes of a group one after
/// another, step by step, with the same result, so that these kernels can be checked at full size without a GPU.</remarks>
/// <typeparam name="V">Element of the shared memory.</typeparam>
/// <typeparam name="TState">What a lane keeps between phases.</typeparam>
internal interface IGroupBody<V, TState> where V : unmanaged where TState : struct
{
    /// <summary>Threads in a group; a constant.</summary>
    static abstract int Lanes { get; }

    /// <summary>Elements of shared memory; a constant.</summary>
    static abstract int Shared { get; }

    /// <summary>Phases of a group; the same for all its lanes.</summary>
    int Phases(int group);

    /// <summary>A lane's state before the first phase.</summary>
    TState Start(int group, int lane);

    /// <summary>Writes the lane's share of what the phase needs.</summary>
    void Stage(TState state, int lane, int phase, ArrayView<V> shared);

    /// <summary>Uses what all lanes have staged.</summary>
    TState Use(TState state, int lane, ArrayView<V> shared);

    /// <summary>Stores the result.</summary>
    void Finish(TState state, int group, int lane);
}
