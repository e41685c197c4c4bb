using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Data;

/// <summary>A data set's folder of a test's own, gone when the test is over.</summary>
internal sealed class PictureFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("lzu data ä ").FullName;

    public string this[string name] => Path.Combine(Root, name);

    public string Picture(string name, Size2 size, int seed = 1)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        ImageCodec.Save(DeterministicImage.Make(seed, size), this[name]);
        return this[name];
    }

    public string Grey(string name, Size2 size, Func<int, int, byte> value)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        var labels = new LabelMap(size);
        for (var y = 0; y < size.Height; y++)
            for (var x = 0; x < size.Width; x++) labels.Row(y)[x] = value(y, x);
        File.WriteAllBytes(this[name], labels.Encode());
        return this[name];
    }

    public string Text(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
