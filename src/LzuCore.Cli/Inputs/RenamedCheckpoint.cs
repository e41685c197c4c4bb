using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Models;

namespace LzuCore.Cli.Inputs;

/// <summary>A checkpoint's weights under the names of a library, proven to load.</summary>
/// <param name="Family">Whose network the file holds.</param>
/// <param name="Weights">The weights under their new names; values and types are the file's.</param>
/// <param name="LeftOut">Tensors of the file that are not among them, by their names in the file.</param>
/// <param name="Notes">What a person should know, one line each.</param>
internal sealed record RenamedCheckpoint(string? Family, StateDict Weights, IReadOnlyList<string> LeftOut, IReadOnlyList<string> Notes)
{
    private const string Mmdet = "mmdet", Torchvision = "torchvision";

    /// <summary>Renames the weights of a file, and loads them strictly into their network.</summary>
    /// <param name="path">The file's, for messages.</param>
    /// <param name="file">What it holds.</param>
    /// <param name="layout"><c>mmdet</c> or <c>torchvision</c>.</param>
    /// <exception cref="UsageException">The file is of no network that is known here, or the library has none like it.</exception>
    /// <exception cref="FileFormatException">The weights do not fit their network.</exception>
    public static RenamedCheckpoint Make(string path, Checkpoint file, string layout)
    {
        var keys = file.Weights.Select(w => w.Key).ToList();
        var prefix = CheckpointFamily.Prefix(keys);
        var family = CheckpointFamily.Of(keys.Select(k => Behind(prefix ?? "", k)));
        var rename = RuleOf(family, layout) ?? throw new UsageException(family.Model is "pspnet" or "fcos3d"
            ? $"convert {path}: it holds {family}, and {layout} has no such network. --layout {Mmdet} keeps its names, and leaves out what is not of the network."
            : $"convert {path}: it holds {family}; --layout knows ResNet, RetinaNet, PSPNet and FCOS3D. Without --layout any file is converted under its own names.");
        try
        {
            var leftOut = new List<string>();
            var inside = file.Weights.Select(w => w.Tensor.Name).ToHashSet();
            leftOut.AddRange(file.Tensors.Select(t => t.Name).Where(n => !inside.Contains(n)));
            var state = new StateDict();
            foreach (var (key, tensor) in file.Weights)
                if (!CheckpointFamily.IsBeside(Behind(prefix!, key)) && rename(Behind(prefix!, key)) is not null) state[key] = tensor.ToTensor();
                else leftOut.Add(tensor.Name);
            var weights = state.Rename(k => rename(Behind(prefix!, k)));
            Prove(family, weights, layout);
            return new RenamedCheckpoint(family.Name, weights, leftOut, [.. NotesOn(family, layout, prefix!, leftOut, weights)]);
        }
        catch (LzuException fault) when (fault is FileFormatException or StateDictException or ArgumentValueException)
        {
            throw fault is FileFormatException && fault.Message.StartsWith(path, StringComparison.Ordinal) ? fault : new FileFormatException($"convert {path}: {fault.Message}", fault);
        }
    }

    private static string Behind(string prefix, string key)
    {
        var current = CheckpointKeys.Current(key);
        return current.StartsWith(prefix, StringComparison.Ordinal) ? CheckpointKeys.Current(current[prefix.Length..]) : current;
    }

    // A ResNet alone has torchvision's own names there, and those of a detector's backbone here.
    private static Func<string, string?>? RuleOf(CheckpointFamily family, string layout) => (family.Model, layout) switch
    {
        ("retinanet", Mmdet) => k => CheckpointKeys.ToMmdet(k),
        ("retinanet", Torchvision) => k => CheckpointKeys.ToTorchvision(k),
        ("resnet", Mmdet) => k => CheckpointKeys.ToMmdet(k),
        ("resnet", Torchvision) => k => k.StartsWith("backbone.body.", StringComparison.Ordinal) ? k["backbone.body.".Length..] : k.StartsWith("backbone.", StringComparison.Ordinal) ? k["backbone.".Length..] : k,
        ("pspnet" or "fcos3d", Mmdet) => k => k,
        _ => null,
    };

    private static void Prove(CheckpointFamily family, StateDict weights, string layout)
    {
        switch (family.Model)
        {
            case "retinanet": ModelCheckpoint.RetinaNet(weights, layout == Mmdet ? CheckpointLayout.Mmdet : CheckpointLayout.Torchvision); break;
            case "pspnet": ModelCheckpoint.PspNet(weights); break;
            case "fcos3d": ModelCheckpoint.Fcos3d(weights); break;
            default: ModelCheckpoint.ResNet(weights); break;
        }
    }

    private static IEnumerable<string> NotesOn(CheckpointFamily family, string layout, string prefix, List<string> leftOut, StateDict weights)
    {
        yield return $"found {family}; written under {layout}'s names, and loaded to prove that nothing is missing";
        if (prefix.Length > 0) yield return $"'{Plain(prefix)}' was taken from every key";
        foreach (var group in leftOut.GroupBy(GroupOf)) yield return $"left out: {group.Count()} under {Plain(group.Key)}, such as {Plain(group.First())}";
        if (family.Model == "retinanet" && !family.Library.StartsWith(layout, StringComparison.Ordinal))
            yield return $"names are not everything: {family.Library}'s network has {(layout == Mmdet ? "a ReLU before P7 and anchors rounded to whole pixels" : "no ReLU before P7 and anchors that are not rounded")}, and {layout}'s the opposite; train on, or keep the layout, for the same boxes";
        if (family is { Model: "retinanet", Library: Torchvision } && layout == Mmdet && !weights.Any(w => w.Key.EndsWith("num_batches_tracked", StringComparison.Ordinal)))
            yield return "its norms are frozen: if it is the published COCO_V1, its eps is 0, which the new names no longer tell; say --norm-eps 0";
    }

    // state_dict/grid_generator.filter belongs to state_dict/grid_generator; averages have no dots.
    private static string GroupOf(string name)
    {
        var key = name.LastIndexOf('/') + 1;
        if (name.AsSpan(key).StartsWith("ema_", StringComparison.Ordinal)) return name[..(key + "ema_".Length)];
        if (key > 0 && !name.StartsWith("state_dict/", StringComparison.Ordinal)) return name[..name.IndexOf('/')];
        var dot = name.IndexOf('.', key);
        return dot < 0 ? name : name[..dot];
    }

    // A name may hold what a terminal would obey.
    private static string Plain(string text) => string.Concat((text.Length > 80 ? text[..80] + "…" : text).Select(c => char.IsControl(c) ? '?' : c));
}
