using System.Diagnostics;
using System.Globalization;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Inputs;

/// <summary>A picture in memory.</summary>
/// <param name="Source">As it was named.</param>
/// <param name="Name">What its output files are named after.</param>
/// <param name="Image">The picture.</param>
/// <param name="LoadMs">Milliseconds that reading and decoding took.</param>
internal sealed record LoadedImage(string Source, string Name, Image Image, double LoadMs);

/// <summary>A picture named on the command line: a file, or <c>image:SEED@HxW</c> for the deterministic one.</summary>
/// <param name="Source">As it was named.</param>
internal sealed record InputImage(string Source)
{
    private const string Prefix = "image:";

    /// <summary>What output files are named after.</summary>
    public string Name => Source.StartsWith(Prefix, StringComparison.Ordinal) ? "image-" + Source[Prefix.Length..].Split('@')[0] : Path.GetFileNameWithoutExtension(Source);

    /// <summary>Reads or makes it.</summary>
    /// <exception cref="LzuException">It is no picture.</exception>
    public Image Load()
    {
        if (!Source.StartsWith(Prefix, StringComparison.Ordinal)) return ImageCodec.Load(Source);
        var parts = Source[Prefix.Length..].Split('@');
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var seed) || !Opt.TryParseSize(parts[1], out var size))
            throw new UsageException($"'{Source}' must be image:SEED@HEIGHTxWIDTH, such as image:1@128x192.");
        return DeterministicImage.Make(seed, size);
    }

    /// <summary>Loads one input after the other, with a progress bar, and says how long each took.</summary>
    /// <param name="session">Shows the progress.</param>
    /// <param name="doing">What is done with them, in a word.</param>
    /// <param name="inputs">The inputs, with the names of their output files.</param>
    /// <param name="body">Gets each.</param>
    public static void ForEach(Session session, string doing, IReadOnlyList<(InputImage Image, string Name)> inputs, Action<LoadedImage> body) => session.ForEach(doing, inputs, input =>
    {
        var start = Stopwatch.GetTimestamp();
        var image = input.Image.Load();
        body(new LoadedImage(input.Image.Source, input.Name, image, Stopwatch.GetElapsedTime(start).TotalMilliseconds));
    });

    /// <summary>The inputs of a verb that also takes a whole data set.</summary>
    /// <exception cref="UsageException">There are none.</exception>
    public static IReadOnlyList<(InputImage Image, string Name)> Required(string[]? sources, string orElse) =>
        sources is { Length: > 0 } ? Named(sources) : throw new UsageException($"there is no picture to look at; name one, or a whole data set with {orElse}.");

    /// <summary>A name for each input; inputs with the same name get numbers.</summary>
    public static IReadOnlyList<(InputImage Image, string Name)> Named(IEnumerable<string> sources)
    {
        var taken = new HashSet<string>();
        return [.. sources.Select(s => new InputImage(s)).Select(image =>
        {
            var name = image.Name;
            for (var i = 2; !taken.Add(name); i++) name = $"{image.Name}-{i}";
            return (image, name);
        })];
    }
}
