using System.CommandLine;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Vision.Imaging;
using LzuCore.Warping;

namespace LzuCore.Cli.Inputs;

/// <summary>The options that say how saliency is made and becomes a warp, and how large the zoomed picture is: the same for every verb that zooms.</summary>
internal sealed class WarpChoice
{
    private readonly Option<Size2?> _grid = Opt.Size("--grid", "nodes of the warp (default 31x51)", 2, 512, new Size2(31, 51));
    private readonly Option<double?> _fwhm = Opt.Number("--fwhm", "width of the attraction in grid cells (default 13)", 0.01, 1000, 13);
    private readonly Option<double?> _bandwidth = Opt.Number("--bandwidth", "spread of a box' saliency in pixels (default 64 * width / 1920)", 1e-3, 1e6);
    private readonly Option<double?> _amplitude = Opt.Number("--amplitude", "weight of the boxes against the uniform floor (default 1)", 1e-6, 1e6, 1);
    private readonly Option<bool> _nonseparable = Opt.Flag("--nonseparable", "warp the plane as a whole instead of each axis alone");
    private readonly Option<bool> _crop = Opt.Flag("--crop", "let the zoomed picture lose the border of the original");
    private readonly Option<double?> _scale = Opt.Number("--scale", "zoomed size as a share of the original's", 0.01, 4);
    private readonly Option<Size2?> _size = Opt.Size("--size", "zoomed size", 2, 32768);

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _grid, _fwhm, _bandwidth, _amplitude, _nonseparable, _crop, _scale, _size }) command.Add(option);
    }

    /// <summary>Adds the options of a fixed warp: for verbs that have another use for --size.</summary>
    public void AddFixedTo(Command command)
    {
        foreach (var option in new Option[] { _grid, _fwhm, _nonseparable, _crop, _scale }) command.Add(option);
    }

    /// <summary>Adds the options of the saliency alone.</summary>
    public void AddSaliencyTo(Command command)
    {
        foreach (var option in new Option[] { _grid, _bandwidth, _amplitude }) command.Add(option);
    }

    /// <summary>Nodes.</summary>
    public Size2 Grid(ParseResult parsed) => parsed.GetValue(_grid)!.Value;

    /// <summary>How saliency becomes a warp.</summary>
    public SaliencyToGridOptions Warp(ParseResult parsed) => new()
    {
        AttractionFwhm = parsed.GetValue(_fwhm)!.Value,
        Separable = !parsed.GetValue(_nonseparable),
        AntiCrop = !parsed.GetValue(_crop),
    };

    /// <summary>Saliency from boxes, for pictures of a width.</summary>
    public KernelDensitySaliency FromBoxes(ParseResult parsed, int width) =>
        new(Grid(parsed), parsed.GetValue(_amplitude)!.Value, parsed.GetValue(_bandwidth) ?? 64.0 * width / 1920);

    /// <summary>The share asked for; null when neither --scale nor --size was given.</summary>
    public double? Scale(ParseResult parsed) => parsed.GetValue(_scale);

    /// <summary>The size asked for.</summary>
    /// <exception cref="UsageException">Both --scale and --size were given.</exception>
    public Size2? Size(ParseResult parsed) => parsed.GetValue(_size) is not { } size ? null
        : parsed.GetValue(_scale) is null ? size
        : throw new UsageException("--scale and --size were both given; one of them says the zoomed size.");

    /// <summary>The zoomed size of a picture.</summary>
    /// <exception cref="UsageException">It is too large.</exception>
    public Size2 Zoomed(ParseResult parsed, Size2 image, double fallback)
    {
        var scale = Scale(parsed) ?? fallback;
        var size = Size(parsed) ?? new Size2(Math.Max(2, (int)Math.Round(scale * image.Height)), Math.Max(2, (int)Math.Round(scale * image.Width)));
        return (long)size.Height * size.Width <= Image.MaxPixels ? size : throw new UsageException($"the zoomed picture must have at most 268 megapixels, got {size.Height}x{size.Width}; lower --scale or --size.");
    }
}
