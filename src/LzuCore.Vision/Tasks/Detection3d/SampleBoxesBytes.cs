using System.Text;
using LzuCore.Kernels;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tasks.Detection3d;

/// <summary>Moments' boxes as bytes, for the way from one process to another of the same program: every number as it is, which the official file's text need not keep.</summary>
internal static class SampleBoxesBytes
{
    /// <summary>What all processes found, one after another in the order of their stretches.</summary>
    public static List<NuScenesSampleBoxes> Gathered(List<NuScenesSampleBoxes> samples, ProcessGroup processes) =>
        processes.World == 1 ? samples : [.. processes.Gather(Write(samples)).SelectMany(Read)];

    private static byte[] Write(List<NuScenesSampleBoxes> samples)
    {
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes, Encoding.UTF8);
        to.Write(samples.Count);
        foreach (var sample in samples)
        {
            to.Write(sample.SampleToken);
            to.Write(sample.Boxes.Count);
            foreach (var one in sample.Boxes)
            {
                var (box, at, turn) = (one.Box, one.Box.Center, one.Box.Rotation);
                foreach (var number in (ReadOnlySpan<double>)[at.X, at.Y, at.Z, box.Width, box.Length, box.Height, turn.W, turn.X, turn.Y, turn.Z, one.VelocityX, one.VelocityY, one.Score]) to.Write(number);
                to.Write(one.Label);
                to.Write(one.Attribute);
                to.Write(one.Points);
            }
        }
        to.Flush();
        return bytes.ToArray();
    }

    private static List<NuScenesSampleBoxes> Read(byte[] bytes)
    {
        using var from = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        var samples = new List<NuScenesSampleBoxes>();
        for (var left = from.ReadInt32(); left > 0; left--)
        {
            var token = from.ReadString();
            var boxes = new NuScenesBox[from.ReadInt32()];
            for (var i = 0; i < boxes.Length; i++)
                boxes[i] = new NuScenesBox(
                    new OrientedBox3d(new Point3d(Next(), Next(), Next()), Next(), Next(), Next(), new Rotation3d(Next(), Next(), Next(), Next())), Next(), Next(), Score: Next(),
                    Label: from.ReadInt32(), Attribute: from.ReadString(), Points: from.ReadInt32());
            samples.Add(new NuScenesSampleBoxes(token, boxes));
        }
        return samples;

        double Next() => from.ReadDouble();
    }
}
