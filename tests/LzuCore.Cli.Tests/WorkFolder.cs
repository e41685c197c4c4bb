using System.Globalization;
using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Tests;

/// <summary>A folder of a test's own, gone when the test is over.</summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("lzu tests ").FullName;

    /// <summary>A place in it.</summary>
    public string this[string name] => Path.Combine(_path, name);

    /// <summary>Everything in it, by name.</summary>
    public string[] Entries => [.. Directory.GetFileSystemEntries(_path, "*", SearchOption.AllDirectories).Select(p => Path.GetRelativePath(_path, p)).Order(StringComparer.Ordinal)];

    /// <summary>Writes a smooth picture.</summary>
    public string Picture(string name, int height = 60, int width = 80)
    {
        var image = new Image(new Size2(height, width));
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
                image[y, x] = new Rgb((byte)(127 + 120 * Math.Sin(x / 9.0)), (byte)(127 + 120 * Math.Sin(y / 7.0)), (byte)(255 * x / width));
        ImageCodec.Save(image, this[name]);
        return this[name];
    }

    /// <summary>Writes text.</summary>
    public string Text(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    /// <summary>Makes an input that no verb may choke on; see the cases.</summary>
    public string Hostile(string kind)
    {
        switch (kind)
        {
            case "missing": return this["missing.jpg"];
            case "empty": return Text("empty.jpg", "");
            case "text": return Text("text.jpg", "this is no picture");
            case "directory": return Directory.CreateDirectory(this["folder.jpg"]).FullName;
            case "truncated":
                var whole = File.ReadAllBytes(Picture("whole.jpg", 200, 300));
                File.WriteAllBytes(this["truncated.jpg"], whole[..(whole.Length / 2)]);
                File.Delete(this["whole.jpg"]);
                return this["truncated.jpg"];
            case "huge":
                File.WriteAllBytes(this["huge.png"], HugeHeader);
                return this["huge.png"];
            default: throw new ArgumentException(kind);
        }
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);

    // Signature and header of a PNG of 30000x30000, and nothing more.
    private static byte[] HugeHeader
    {
        get
        {
            byte[] header = [.. "IHDR"u8, 0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30, 8, 2, 0, 0, 0];
            var crc = uint.MaxValue;
            foreach (var b in header)
            {
                crc ^= b;
                for (var i = 0; i < 8; i++) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
            return [0x89, .. "PNG\r\n"u8, 0x1a, 0x0a, 0, 0, 0, 13, .. header, .. Convert.FromHexString((~crc).ToString("X8", CultureInfo.InvariantCulture)), 0, 0, 0, 0, .. "IDAT"u8];
        }
    }
}
