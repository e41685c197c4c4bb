using System.CommandLine;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Vision.Tasks;
using LzuCore.Warping;

namespace LzuCore.Cli.Inputs;

/// <summary>The options of a zoom before a network: which kind, on which map, how strong, to which size. The same for every task.</summary>
internal sealed class ZoomChoice
{
    private readonly Option<string> _kind = Opt.Choice("--warp", "the zoom before the backbone; adaptive takes the pictures as one sequence", "none", "fixed", "adaptive");
    private readonly Option<string?> _saliency = Opt.Text("--saliency", "FILE", "the map of --warp fixed (default: a road scene's prior)");
    private readonly WarpChoice _warp = new();
    private ISaliency? _map;

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_kind);
        command.Add(_saliency);
        _warp.AddTo(command);
    }

    /// <summary>none, fixed or adaptive.</summary>
    public string Kind(ParseResult parsed) => parsed.GetValue(_kind)!;

    /// <summary>The nodes of the warp.</summary>
    public Size2 Grid(ParseResult parsed) => _warp.Grid(parsed);

    /// <summary>Reads the map, so that a bad one is said before any work.</summary>
    /// <exception cref="UsageException">A map without a fixed warp.</exception>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_saliency) is not { } path) return;
        if (Kind(parsed) != "fixed") throw new UsageException("--saliency is the map of --warp fixed; add --warp fixed.");
        _map = SaliencyFile.Read(path);
    }

    /// <summary>Some task's options with these in them.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">The task's own.</param>
    /// <param name="image">The first picture's size: a box' saliency spreads by its width.</param>
    /// <exception cref="UsageException">The zoomed picture is too large.</exception>
    public T Into<T>(ParseResult parsed, T options, Size2 image) where T : ZoomOptions
    {
        _warp.Zoomed(parsed, image, fallback: 1);
        return (T)(options with
        {
            Scale = _warp.Scale(parsed) ?? 1,
            Size = _warp.Size(parsed),
            Saliency = Kind(parsed) switch { "fixed" => _map ?? new RoadPriorSaliency(_warp.Grid(parsed)), "adaptive" => _warp.FromBoxes(parsed, image.Width), _ => null },
            Warp = _warp.Warp(parsed),
        });
    }
}
