using System.Collections;
using System.Globalization;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Nn;

/// <summary>Layers one after the other. Keys: <c>0.…</c>, <c>1.…</c> and so on.</summary>
/// <remarks>Under <see cref="Grad.Off"/> a layer's result goes back to the pool when the next layer has its own, or that takes its place: a chain needs memory for two of them, not for all.</remarks>
public sealed class Sequential : Layer, IReadOnlyList<Layer>
{
    private readonly Layer[] _layers;

    /// <summary>Makes the chain; without layers it is the identity.</summary>
    public Sequential(params Layer[] layers)
    {
        _layers = [.. layers];
        for (var i = 0; i < _layers.Length; i++) Child(i.ToString(CultureInfo.InvariantCulture), _layers[i]);
    }

    /// <summary>The layer at a place.</summary>
    public Layer this[int index] => _layers[index];

    /// <summary>Number of layers.</summary>
    public int Count => _layers.Length;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input)
    {
        var x = input;
        foreach (var layer in _layers)
        {
            var before = x;
            var ends = !Grad.IsOn && before.Storage != input.Storage;
            if (ends) TensorScope.GiveUp(before);
            x = layer.Call(before);
            if (!ends) continue;
            before.Storage.IsGivenUp = false;
            if (before.Storage != x.Storage) TensorScope.ReleaseEarly(before);
        }
        return x;
    }

    /// <inheritdoc/>
    public IEnumerator<Layer> GetEnumerator() => ((IEnumerable<Layer>)_layers).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>Modules by number, for a parent that calls them itself. Keys: <c>0.…</c>, <c>1.…</c> and so on.</summary>
/// <typeparam name="T">What they are.</typeparam>
public sealed class ModuleList<T> : Module, IReadOnlyList<T> where T : Module
{
    private readonly T[] _modules;

    /// <summary>Makes the list.</summary>
    public ModuleList(params IEnumerable<T> modules)
    {
        _modules = [.. modules];
        for (var i = 0; i < _modules.Length; i++) Child(i.ToString(CultureInfo.InvariantCulture), _modules[i]);
    }

    /// <summary>The module at a place.</summary>
    public T this[int index] => _modules[index];

    /// <summary>Number of modules.</summary>
    public int Count => _modules.Length;

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)_modules).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
