using System.CommandLine;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Nn.Serialization;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu convert --json</c> writes.</summary>
/// <param name="Schema">The document's kind.</param>
/// <param name="From">The kind of file that was read.</param>
/// <param name="To">The kind of file that was written.</param>
/// <param name="Tensors">How many tensors it holds.</param>
/// <param name="Bytes">How large it is.</param>
/// <param name="Family">Whose network it is, such as <c>torchvision retinanet</c>; null when it is none that is known here.</param>
/// <param name="LeftOut">Tensors of the file that were not written, by name; none without --layout.</param>
internal sealed record ConvertDocument(string Schema, string From, string To, int Tensors, long Bytes, string? Family, IReadOnlyList<string> LeftOut);

/// <summary><c>lzu convert</c>: the tensors of one file in another format, bit for bit; under the same names, or with --layout under those of another library.</summary>
internal sealed class ConvertVerb() : Verb("convert", "the tensors of a .pth, .pkl, .safetensors, .npz or .npy file as .safetensors or .npz; with --layout under another library's names")
{
    private readonly Argument<string> _in = new("IN") { Description = "the file to read; its kind is told from its content" };
    private readonly Argument<string> _out = new("OUT") { Description = "the file to write; its kind is told from its name" };
    private readonly Option<string> _layout = Opt.Choice("--layout", "whose names the weights get; any but keep also leaves out what is not of the network, and proves that the result loads", "keep", "mmdet", "torchvision");

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_in);
        command.Add(_out);
        command.Add(_layout);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var to = parsed.GetRequiredValue(_out);
        var format = Path.GetExtension(to).ToLowerInvariant() switch
        {
            ".safetensors" => "safetensors",
            ".npz" => "npz",
            ".pth" or ".pt" or ".pkl" => throw new UsageException($"convert {to}: pickles are read here but not written; name a .safetensors file, which torch reads with safetensors.torch.load_file."),
            _ => throw new UsageException($"convert {to}: the name must end in .safetensors or .npz."),
        };
        var from = parsed.GetRequiredValue(_in);
        using var checkpoint = Checkpoint.Open(from);
        var renamed = parsed.GetValue(_layout) is "keep" or null ? null : RenamedCheckpoint.Make(from, checkpoint, parsed.GetValue(_layout)!);
        using var outputs = new OutputFiles(session.Cancellation);
        outputs.Add(to, path =>
        {
            if (renamed is not null && format == "npz") Npz.Write(path, renamed.Weights);
            else if (renamed is not null) Safetensors.Write(path, renamed.Weights, checkpoint.Metadata);
            else if (format == "npz") Npz.Copy(path, checkpoint.Tensors);
            else Safetensors.Copy(path, checkpoint.Tensors, checkpoint.Metadata);
        });
        outputs.Commit();
        if (format == "npz" && checkpoint.Tensors.Any(t => t.DTypeName == "bfloat16")) session.Say("numpy has no bfloat16: those tensors were widened to float32, which changes no value.");
        foreach (var skipped in checkpoint.Skipped) session.Whisper($"left out: {skipped}");
        foreach (var line in renamed?.Notes ?? []) session.Say(line);
        var family = renamed?.Family ?? Vision.Models.CheckpointFamily.Of(checkpoint.Weights.Select(w => w.Key)).Name;
        var document = new ConvertDocument("lzu.convert/1", checkpoint.Format, format, renamed?.Weights.Count ?? checkpoint.Tensors.Count, new FileInfo(to).Length, family, renamed?.LeftOut ?? []);
        session.Print($"{document.Tensors} {(document.Tensors == 1 ? "tensor" : "tensors")}, {document.Bytes} bytes: {document.From} to {document.To}");
        session.Document(document, CliJson.Default.ConvertDocument);
        return ExitCode.Done;
    }
}
