using System.CommandLine;
using LzuCore.Cli.Manners;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Models;

namespace LzuCore.Cli.Commands;

/// <summary>One tensor of a file.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Dtype">Its element type in words.</param>
/// <param name="Shape">The sizes of its axes.</param>
/// <param name="Sha256">Of its dense little-endian values.</param>
internal sealed record InspectedTensor(string Name, string Dtype, int[] Shape, string Sha256);

/// <summary>What <c>lzu inspect --json</c> writes; the family is such as <c>torchvision retinanet</c>, null when it is none that is known here.</summary>
internal sealed record InspectDocument(string Schema, string File, string Format, string? Family, IReadOnlyList<InspectedTensor> Tensors, IReadOnlyList<string> Skipped, IReadOnlyDictionary<string, string> Metadata);

/// <summary><c>lzu inspect</c>: what a checkpoint or array file holds. Nothing in the file is run.</summary>
internal sealed class InspectVerb() : Verb("inspect", "what a checkpoint or array file holds (.pth, .pkl, .safetensors, .npz, .npy), read without running anything in it")
{
    private readonly Argument<string> _file = new("FILE") { Description = "the file; its kind is told from its content" };

    /// <inheritdoc/>
    protected override void Declare(Command command) => command.Add(_file);

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var path = parsed.GetRequiredValue(_file);
        using var checkpoint = Checkpoint.Open(path);
        var tensors = new List<InspectedTensor>();
        session.ForEach("tensors", checkpoint.Tensors, t => tensors.Add(new InspectedTensor(t.Name, t.DTypeName, t.Shape.ToArray(), t.Sha256())));
        var family = CheckpointFamily.Of(checkpoint.Weights.Select(w => w.Key));
        session.Print($"{checkpoint.Format}, {tensors.Count} {(tensors.Count == 1 ? "tensor" : "tensors")}, {checkpoint.Tensors.Sum(t => t.ByteLength)} bytes of values{(family.Name is null ? "" : $": {family}")}");
        var width = Math.Min(60, tensors.Select(t => t.Name.Length).DefaultIfEmpty(0).Max());
        foreach (var t in tensors) session.Print($"{Plain(t.Name).PadRight(width)}  {t.Dtype,-9} [{string.Join(", ", t.Shape)}]  {t.Sha256[..16]}");
        foreach (var (key, value) in checkpoint.Metadata) session.Print($"metadata  {Plain(key)}: {Plain(value)}");
        foreach (var skipped in checkpoint.Skipped) session.Print($"left out  {Plain(skipped)}");
        session.Document(new InspectDocument("lzu.inspect/1", path, checkpoint.Format, family.Name, tensors, checkpoint.Skipped, checkpoint.Metadata), CliJson.Default.InspectDocument);
        return ExitCode.Done;
    }

    // A name may hold what a terminal would obey.
    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
