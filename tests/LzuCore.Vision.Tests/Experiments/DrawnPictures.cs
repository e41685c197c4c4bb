using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Tasks.Detection3d;

namespace LzuCore.Vision.Tests.Experiments;

/// <summary>Pictures of coloured boxes that stand on grey ground, with everything that is true of them. The same number gives the same picture.</summary>
internal sealed class DrawnPictures(int count) : IDataset<Detection3dSample>, IDataset<SegmentationSample>
{
    public static readonly Size2 Original = (320, 512), Input = (80, 128);
    public static readonly SpaceClass[] Classes = [new("car", 4.3, 1.5, 1.8), new("sign", 0.1, 0.8, 0.8, HasHeading: false)];
    public static readonly string[] Labels = ["ground", "car", "sign"];

    private static readonly Camera Camera = new(480, 480, 256, 160);

    public int Count => count;

    public string IdOf(int index) => $"{index}";

    public string FileOf(int index) => $"drawn {index}";

    public Size2 SizeOf(int index) => Original;

    Detection3dSample IDataset<Detection3dSample>.Load(int index, PictureReader pictures) => Space(index);

    SegmentationSample IDataset<SegmentationSample>.Load(int index, PictureReader pictures) => Segmentation(index);

    public static Detection3dSample Space(int index)
    {
        var objects = Objects(index);
        return new Detection3dSample
        {
            ImageToken = $"{index}",
            SampleToken = $"{index}",
            File = $"drawn {index}",
            Image = Draw(index).Image,
            Original = Original,
            Camera = Camera,
            CameraToEgo = new Pose(Rotation3d.Identity, default),
            EgoToGlobal = new Pose(Rotation3d.Identity, default),
            Boxes3d = [.. objects.Select(o => o.Box)],
            Boxes = [.. objects.Select(o => Seen(o.Box))],
            Labels = [.. objects.Select(o => o.Label)],
            Centers = [.. objects.Select(o => Camera.Project(o.Box.Center) is var c ? new ProjectedCenter(c.U, c.V, o.Box.Z) : default)],
        };
    }

    public static SegmentationSample Segmentation(int index)
    {
        var (image, labels) = Draw(index);
        return new SegmentationSample($"{index}", $"drawn {index}", image, labels);
    }

    private static (CameraBox3d Box, int Label)[] Objects(int index)
    {
        var shift = 1.5 * (index % 3) - 1.5;
        return
        [
            (new(shift - 2, 0.8, 14, 4.1, 1.4, 1.7, -1.5, 0, 0), 0), (new(shift + 3, 0.7, 24, 4.6, 1.6, 1.9, 1.4 + 0.2 * index, 0, 0), 0),
            (new(shift - 5, -1, 18, 0.1, 0.9, 0.8, 0, 0, 0), 1),
        ];
    }

    private static Box Seen(CameraBox3d box)
    {
        var seen = box.Corners().Select(Camera.Project).ToArray();
        return new Box((float)seen.Min(p => p.U), (float)seen.Min(p => p.V), (float)seen.Max(p => p.U), (float)seen.Max(p => p.V)).Clip(Original);
    }

    private static (Image Image, LabelMap Labels) Draw(int index)
    {
        var (image, labels) = (new Image(Original), new LabelMap(Original));
        for (var y = 0; y < Original.Height; y++)
            for (var x = 0; x < Original.Width; x++) image[y, x] = new Rgb((byte)(90 + y / 8), (byte)(100 + (x * 7 + y * 3 + index) % 23), 110);
        foreach (var (box, label) in Objects(index))
        {
            var seen = Seen(box);
            for (var y = (int)seen.Y1; y < (int)seen.Y2; y++)
                for (var x = (int)seen.X1; x < (int)seen.X2; x++)
                {
                    image[y, x] = label == 0 ? new Rgb(220, 40, (byte)(60 + 5 * box.Z)) : new Rgb(30, 60, 230);
                    labels[y, x] = (byte)(label + 1);
                }
        }
        return (image, labels);
    }
}
