using System.Globalization;

namespace LzuCore.Nn.Serialization;

// Finds the tensors in what a pickle made, and names them by the way to them. The walk keeps its own stack and counts its steps: a file can make a deep
// chain, a list that holds itself, or a few lists that share each other into 4^60 paths.
internal sealed class TorchTree(ByteSource file, PickleBudget budget)
{
    private const int Deepest = 64, MostSteps = 2_000_000;
    private readonly HashSet<string> _names = [];
    // What all views together may unfold to: shared storages make this more than the file, repeated elements (stride 0) without bound.
    private long _values = (32L << 20) + 16 * file.Length;

    public List<CheckpointTensor> Tensors { get; } = [];

    // Way and name of what was left out.
    public List<string> Skipped { get; } = [];

    public void Walk(object? root)
    {
        if (root is PickleOpaque opaque) throw file.Bad($"is not a table of tensors but an object made by {ByteSource.Show(opaque.MadeBy.ToString())}. Save model.state_dict() instead; nothing in the file was run");
        if (root is not (TorchTensor or TorchStorage or PickleDict or PickleList or PickleTuple)) throw file.Bad("holds no tensor. Save model.state_dict() instead");
        var levels = new Stack<Level>();
        var steps = 0;
        Visit(root, levels);
        while (levels.TryPeek(out var level))
        {
            if (++steps > MostSteps) throw file.Bad($"its containers unfold to more than {MostSteps} places. The file is refused");
            if (level.Next(out var child)) Visit(child, levels);
            else levels.Pop();
        }
    }

    private void Visit(object? value, Stack<Level> levels)
    {
        switch (value)
        {
            case TorchTensor tensor: Add(tensor, Way(levels)); break;
            case PickleDict { Items.Count: > 0 } or PickleList { Items.Count: > 0 } or PickleTuple { Items.Length: > 0 }:
                if (levels.Count >= Deepest) throw file.Bad($"its containers are nested more than {Deepest} deep. The file is refused");
                levels.Push(new Level(value));
                break;
            case PickleOpaque opaque when Skipped.Count < 1000: Skipped.Add($"{Way(levels)} ({opaque.MadeBy})"); break;
        }
    }

    private void Add(TorchTensor tensor, string name)
    {
        if (!_names.Add(name)) throw file.Bad($"two tensors are called {ByteSource.Show(name)}. Rename one where they are written");
        var bytes = tensor.Layout.Shape.Count * tensor.Type.Size;
        var window = (tensor.Layout.Extent - tensor.Layout.Offset) * tensor.Type.Size;
        _values -= Math.Max(bytes, window);
        if (_values < 0) throw file.Bad($"tensor {ByteSource.Show(name)} unfolds to {bytes} bytes, with the others far more than the file has. The file is refused");
        budget.Spend(300);
        Tensors.Add(new CheckpointTensor(name, tensor.Type, tensor.Layout, tensor.Storage.Bytes!, tensor.Storage.Start, tensor.Storage.BigEndian));
    }

    private string Way(Stack<Level> levels)
    {
        var way = string.Join('/', levels.Reverse().Select(l => l.Key));
        budget.Spend(40 + 2 * way.Length);
        return way;
    }

    // A container and the place in it.
    private sealed class Level(object container)
    {
        private int _next;

        public string Key => container is PickleDict dict ? Text(dict.Items[_next - 1].Key) : (_next - 1).ToString(CultureInfo.InvariantCulture);

        public bool Next(out object? child)
        {
            var at = _next++;
            (var more, child) = container switch
            {
                PickleDict dict when at < dict.Items.Count => (true, dict.Items[at].Value),
                PickleList list when at < list.Items.Count => (true, list.Items[at]),
                PickleTuple tuple when at < tuple.Items.Length => (true, tuple.Items[at]),
                _ => (false, null),
            };
            return more;
        }

        private string Text(object? key) => key switch
        {
            string text => text,
            long number => number.ToString(CultureInfo.InvariantCulture),
            bool or double => string.Create(CultureInfo.InvariantCulture, $"{key}"),
            null => "None",
            _ => $"#{_next - 1}",
        };
    }
}
