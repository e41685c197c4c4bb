using LzuCore.Memory;

namespace LzuCore.Tensors;

/// <summary>Several tensors as one value, such as a detector's outputs, so that a scope can keep them all.</summary>
public interface ITensorGroup
{
    /// <summary>Every tensor inside.</summary>
    IEnumerable<Tensor> Tensors { get; }
}

/// <summary>Buffers made while a scope is open go back to the pool when it closes, except those kept. Placed by the framework
/// (<c>Op.Apply</c>, <c>Module.Call</c>, training steps); users and models never need one for arithmetic to be right.</summary>
/// <remarks>Scopes nest, per thread. A kept buffer moves to the enclosing scope, or is left to its finalizer when there is none.
/// Never await inside a scope.</remarks>
public sealed class TensorScope : IDisposable
{
    [ThreadStatic] private static TensorScope? _current;
    private readonly TensorScope? _parent;
    private readonly HashSet<Storage> _storages = [];

    /// <summary>Opens a scope on this thread.</summary>
    public TensorScope()
    {
        _parent = _current;
        _current = this;
    }

    /// <summary>Keeps a tensor's buffer when this scope closes.</summary>
    public Tensor Keep(Tensor tensor)
    {
        if (_storages.Remove(tensor.Storage)) _parent?._storages.Add(tensor.Storage);
        return tensor;
    }

    /// <summary>Keeps every tensor of a result: a tensor, an array of tensors, or an <see cref="ITensorGroup"/>.</summary>
    /// <exception cref="ArgumentValueException">The result holds tensors in a form that the scope cannot see.</exception>
    public T Keep<T>(T result)
    {
        switch (result)
        {
            case Tensor tensor: Keep(tensor); break;
            case IEnumerable<Tensor> many: foreach (var t in many) Keep(t); break;
            case ITensorGroup group: foreach (var t in group.Tensors) Keep(t); break;
            default: throw new ArgumentValueException($"TensorScope cannot see the tensors inside a {typeof(T).Name}; let it implement ITensorGroup.");
        }
        return result;
    }

    /// <summary>Closes the scope: what was not kept goes back to the pool.</summary>
    public void Dispose()
    {
        if (_current != this) throw new LzuException("a TensorScope was closed out of order or on another thread; close scopes in reverse order and never await inside one.");
        _current = _parent;
        foreach (var storage in _storages) storage.Release();
        _storages.Clear();
    }

    internal static void Adopt(Storage storage) => _current?._storages.Add(storage);

    internal static void Forget(Storage storage)
    {
        for (var scope = _current; scope is not null; scope = scope._parent)
            if (scope._storages.Remove(storage)) return;
    }

    /// <summary>Returns a buffer before its scope closes, if it is the innermost scope's to return, or the running module's since its caller gave it up; reading it afterwards is refused. With gradients on, the backward
    /// pass may need it: then it stays.</summary>
    /// <param name="tensor">What nobody reads any more.</param>
    public static void ReleaseEarly(Tensor tensor)
    {
        if (!Autograd.Grad.IsOn && MayTakeOver(tensor)) ReleaseNow(tensor);
    }

    /// <summary>Says that nobody reads a buffer of the innermost scope after the module that is called next, which may then overwrite it, or return it to the pool by <see cref="ReleaseEarly"/>.</summary>
    /// <param name="tensor">What that module reads last; nothing happens where it is another scope's.</param>
    public static void GiveUp(Tensor tensor)
    {
        if (_current?._storages.Contains(tensor.Storage) == true) tensor.Storage.IsGivenUp = true;
    }

    /// <summary>Whether a buffer is the running module's to overwrite: made by it, or given up by the scope that called it (not by one further out, whose module may still read it).</summary>
    internal static bool MayTakeOver(Tensor tensor) =>
        _current is { } scope && (scope._storages.Contains(tensor.Storage) || (tensor.Storage.IsGivenUp && scope._parent?._storages.Contains(tensor.Storage) == true));

    internal static void ReleaseNow(Tensor tensor)
    {
        Forget(tensor.Storage);
        tensor.Storage.Release();
    }
}
