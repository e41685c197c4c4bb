using System.Diagnostics;
using System.Text;
using CsCheck;
using LzuCore.Memory;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Data.NuScenes;

namespace LzuCore.Vision.Tests.Data;

/// <summary>Ten thousand damaged files per format: each is read, or refused with one typed line. Anything else fails, and so does a hang.</summary>
public sealed class MutationTests
{
    private const int Mutants = 10_000;

    // What hostile JSON is made of: numbers out of every range, words, brackets, escapes, depth.
    private static readonly string[] Pieces =
    [
        "NaN", "-Infinity", "1e999", "-1", "99999999999999999999999", "1e-400", "null", "true", "\"", "\\", "\\u12", "\\ud800", "{", "}", "[", "]", ",", ":", "\0", "[[[[[[[[[[[[[[[[[[[[[[[[", new string('[', 80),
        "\"id\": ", "{\"a\":", "1.5", "0x10", "--1", "\u00ff", "[]", "{}", "9007199254740993", "-9223372036854775809",
    ];

    private static readonly Gen<Func<byte[], byte[]>> Mutation = Gen.OneOf(
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte).Select((at, value) => (Func<byte[], byte[]>)(b => Splice(b, at, 1, [value]))),
        Gen.Int[0, int.MaxValue].Select(at => (Func<byte[], byte[]>)(b => b[..(at % b.Length)])),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[0, 20], Gen.Int[0, Pieces.Length - 1]).Select((at, length, piece) => (Func<byte[], byte[]>)(b => Splice(b, at, length, Encoding.UTF8.GetBytes(Pieces[piece])))),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[1, 60], Gen.Int[0, int.MaxValue]).Select((from, length, to) => (Func<byte[], byte[]>)(b => Splice(b, to, 0, b[(from % b.Length)..Math.Min(b.Length, from % b.Length + length)]))),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[1, 60]).Select((at, length) => (Func<byte[], byte[]>)(b => Splice(b, at, length, []))));

    private static byte[] Splice(byte[] bytes, int at, int remove, byte[] insert)
    {
        at %= bytes.Length;
        return [.. bytes[..at], .. insert, .. bytes[Math.Min(bytes.Length, at + remove)..]];
    }

    private static void Survives(byte[] good, Action<Stream> read)
    {
        read(new MemoryStream(good));
        var (taken, refused, slowest, largest) = (0, 0, TimeSpan.Zero, 0L);
        Gen.Select(Mutation, Mutation, Gen.Bool).Sample((first, second, twice) =>
        {
            var mutant = first(good);
            if (twice && mutant.Length > 0) mutant = second(mutant);
            var (watch, allocated) = (Stopwatch.StartNew(), GC.GetAllocatedBytesForCurrentThread());
            try
            {
                read(new MemoryStream(mutant));
                taken++;
            }
            catch (LzuException fault)
            {
                refused++;
                if (fault.Message.Length > 2000 || fault.Message.Contains('\n')) throw new InvalidOperationException("not one line: " + fault.Message);
            }
            if (watch.Elapsed > slowest) slowest = watch.Elapsed;
            largest = Math.Max(largest, GC.GetAllocatedBytesForCurrentThread() - allocated);
        }, iter: Mutants, threads: 1);
        TestContext.Out.WriteLine($"{taken} read, {refused} refused, slowest {slowest.TotalMilliseconds:0} ms, largest {largest >> 10} KiB");
        Assert.That(refused, Is.GreaterThan(Mutants / 10));
        Assert.That(slowest.TotalSeconds, Is.LessThan(2));
        Assert.That(largest, Is.LessThan(16 << 20));
    }

    [Test]
    public void CocoAnnotations_SurviveDamage() => Survives("""
        {"images": [{"id": 1, "file_name": "a.jpg", "width": 1920, "height": 1200, "sid": 0, "fid": 1}], "categories": [{"id": 0, "name": "person"}], "sequences": ["s"], "seq_dirs": ["d"], "coco_mapping": [0],
         "annotations": [{"id": 1, "image_id": 1, "category_id": 0, "bbox": [936.67, 92.35, 401.41, 116.19], "area": 46639.78, "iscrowd": 0, "segmentation": [[1, 2, 3]]}]}
        """u8.ToArray(), s => CocoAnnotations.Read(s, "x"));

    [Test]
    public void CocoDetections_SurviveDamage() => Survives("""[{"image_id": 1000, "category_id": 4, "bbox": [402.03, 429.34, 16.12, 33.55], "score": 0.0826}, {"image_id": 1, "category_id": 4, "bbox": [1, 2, 3, 4], "score": 1}]"""u8.ToArray(), s => CocoDetections.Read(s, "x"));

    [Test]
    public void NuScenesResults_SurviveDamage() => Survives("""
        {"meta": {"use_camera": true, "use_lidar": false}, "results": {"a": [{"sample_token": "a", "translation": [258.4, 694.8, 1.9], "size": [0.7, 0.8, 2.1], "rotation": [0.1, 0.0, 0.0, 0.99],
         "velocity": [-3.7, NaN], "detection_name": "pedestrian", "detection_score": 0.359, "attribute_name": "pedestrian.moving"}], "b": []}}
        """u8.ToArray(), s => NuScenesResults.Read(s, "x"));

    [Test]
    public void Mono3dAnnotations_SurviveDamage() => Survives("""
        {"images": [{"file_name": "a.jpg", "id": "sd", "token": "s", "cam2ego_rotation": [0.5, -0.5, 0.5, -0.5], "cam2ego_translation": [1.7, 0.0, 1.5], "ego2global_rotation": [1.0, 0.0, 0.0, 0.0],
         "ego2global_translation": [300.0, 700.0, 0.0], "cam_intrinsic": [[1266.4, 0, 816.3], [0, 1266.4, 491.5], [0, 0, 1]], "width": 1600, "height": 900}], "categories": [],
         "annotations": [{"image_id": "sd", "area": 27.0, "category_id": 8, "bbox": [1, 2, 3, 4], "bbox_cam3d": [5, 0.3, 16.2, 0.4, 1.0, 0.4, 1.86], "velo_cam3d": [NaN, 0.0], "center2d": [1210.6, 516.6, 16.2], "attribute_id": 8, "id": 0}]}
        """u8.ToArray(), s => Mono3dAnnotations.Read(s, "x"));

    [Test]
    public void NuScenesTable_SurvivesDamage() => Survives("""
        [{"token": "ann", "sample_token": "s", "instance_token": "i", "visibility_token": "3", "attribute_tokens": ["x"], "translation": [314.24, 733.823, 1.869], "size": [1.674, 6.472, 1.028],
         "rotation": [0.68, 0.0, 0.0, 0.74], "camera_intrinsic": [[1266.4, 0, 816.3], [0, 1266.4, 491.5], [0, 0, 1]], "prev": "", "next": "n", "timestamp": 1533000000000000, "num_lidar_pts": 10, "is_key_frame": true}]
        """u8.ToArray(), s => LzuCore.Vision.Data.NuScenes.TableReader.Read(new LzuCore.Vision.Data.JsonCursor(s, "x"), [], r => $"{r.Text("token")}{r.Pose()}{r.Camera("camera_intrinsic")}{r.Timestamp("timestamp")}{r.Count("num_lidar_pts", 0)}{r.Flag("is_key_frame")}{r.Tokens("attribute_tokens").Count}{r.Numbers("size", 3).Length}"));
}
