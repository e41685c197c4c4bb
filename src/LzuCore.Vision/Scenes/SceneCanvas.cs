using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Scenes;

/// <summary>Everything that drawing a scene needs to hold, kept for the next scene.</summary>
internal sealed class SceneCanvas
{
    // A band of samples and its shadows should stay in the second-level cache.
    private const int BandSamples = 1 << 17;
    private const int MostKept = 16;
    private static readonly Stack<SceneCanvas> Kept = [];

    private readonly SurfaceList _list = new(SampleBand.Sub);
    private readonly SurfaceList _shadows = new(SampleBand.Sub);
    private readonly SampleBand _band = new();
    private readonly PictureResolver _resolver = new();
    private ushort[] _owners = [];

    private struct Silhouette()
    {
        public int Left = int.MaxValue;
        public int Top = int.MaxValue;
        public int Right;
        public int Bottom;
        public int Samples;
    }

    public static SceneCanvas Take()
    {
        lock (Kept) return Kept.Count > 0 ? Kept.Pop() : new();
    }

    public static void Give(SceneCanvas canvas)
    {
        lock (Kept)
            if (Kept.Count < MostKept) Kept.Push(canvas);
    }

    public RenderedScene Render(StreetLayout street, SceneOptions options, SceneParts parts)
    {
        var size = street.View.Size;
        var ranges = new (int First, int End)[street.Things.Count];
        ScenePainter.Paint(street, _list, _shadows, ranges);
        var image = parts.HasFlag(SceneParts.Image) ? Image.Unwritten(size) : null;
        var labels = parts.HasFlag(SceneParts.Labels) ? new LabelMap(size) : null;
        var instances = parts.HasFlag(SceneParts.Instances) ? new LabelMap(size) : null;
        var silhouettes = new Silhouette[ranges.Length];
        Array.Fill(silhouettes, new());
        if (_owners.Length < size.Width) _owners = new ushort[size.Width];
        var owners = _owners.AsSpan(0, size.Width);
        _resolver.Begin(street.View, street.Light, _list, options.Photometry, street.NoiseKey, ScenePainter.FirstObject + ranges.Length);

        var rows = Math.Max(4, BandSamples / (size.Width * SampleBand.Sub * SampleBand.Sub));
        for (var y = 0; y < size.Height; y += rows)
        {
            var height = Math.Min(rows, size.Height - y);
            Draw(y, height, size.Width, silhouettes, image is not null);
            for (var row = y; row < y + height; row++)
            {
                _resolver.Row(_band, row, image is null ? [] : image.Row(row), owners);
                if (labels is not null) Label(owners, labels.Row(row), street.Things);
                if (instances is not null) Number(owners, instances.Row(row));
            }
        }
        return new(street.View.Camera, Objects(street, silhouettes), image, labels, instances);
    }

    private void Draw(int y, int height, int width, Silhouette[] silhouettes, bool shadows)
    {
        _band.Begin(width * SampleBand.Sub, y * SampleBand.Sub, height * SampleBand.Sub);
        var (from, to) = (_band.FirstRow, _band.FirstRow + _band.Rows);
        if (shadows)
            foreach (ref readonly var shadow in _shadows.Items)
                if (shadow.FirstRow < to && shadow.EndRow > from) _band.Shade(shadow, (byte)shadow.Color.R, _shadows);
        var items = _list.Items;
        for (var i = 1; i < items.Length; i++)
        {
            var owner = items[i].Owner;
            if (owner < ScenePainter.FirstObject)
            {
                if (items[i].FirstRow < to && items[i].EndRow > from) _band.Draw(items[i], (ushort)i, _list);
                continue;
            }
            var first = i;
            int left = int.MaxValue, top = int.MaxValue, right = 0, bottom = 0;
            for (; i < items.Length && items[i].Owner == owner; i++)
            {
                if (items[i].FirstRow >= to || items[i].EndRow <= from) continue;
                var (l, t, r, b) = _band.Draw(items[i], (ushort)i, _list);
                if (r == 0) continue;
                (left, top, right, bottom) = (Math.Min(left, l), Math.Min(top, t), Math.Max(right, r), Math.Max(bottom, b));
            }
            i--;
            if (right == 0) continue;
            ref var seen = ref silhouettes[owner - ScenePainter.FirstObject];
            (seen.Left, seen.Top, seen.Right, seen.Bottom) = (Math.Min(seen.Left, left), Math.Min(seen.Top, top), Math.Max(seen.Right, right), Math.Max(seen.Bottom, bottom));
            seen.Samples += _band.CountFrom((ushort)first, left, top, right, bottom);
        }
    }

    private List<SceneObject> Objects(StreetLayout street, Silhouette[] silhouettes)
    {
        var objects = new List<SceneObject>(silhouettes.Length);
        for (var i = 0; i < silhouettes.Length; i++)
        {
            var seen = silhouettes[i];
            if (seen.Samples == 0) continue;
            var visibility = _resolver.Visible[ScenePainter.FirstObject + i] / (double)seen.Samples;
            if (visibility <= 0.05) continue;
            const float Pixel = 1f / SampleBand.Sub;
            var box = new Box(seen.Left * Pixel, seen.Top * Pixel, seen.Right * Pixel, seen.Bottom * Pixel);
            var thing = street.Things[i];
            var box3d = thing.BoxIn(street.View);
            var (u, v) = street.View.Camera.Project(box3d.Center);
            objects.Add(new(thing.Class, i + 1, thing.Track, box, visibility, visibility < 0.4 || box.Width < 3 || box.Height < 4, box3d, new(u, v, box3d.Z)));
        }
        return objects;
    }

    private static void Label(ReadOnlySpan<ushort> owners, Span<byte> labels, List<SceneThing> things)
    {
        for (var x = 0; x < owners.Length; x++)
            labels[x] = owners[x] < ScenePainter.FirstObject ? (byte)owners[x] : (byte)(SceneClasses.FirstObjectLabel + things[owners[x] - ScenePainter.FirstObject].Class);
    }

    private static void Number(ReadOnlySpan<ushort> owners, Span<byte> numbers)
    {
        for (var x = 0; x < owners.Length; x++) numbers[x] = (byte)Math.Max(0, owners[x] - ScenePainter.FirstObject + 1);
    }
}
