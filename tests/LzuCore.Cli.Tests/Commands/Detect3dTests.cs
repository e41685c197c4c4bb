using System.Text.Json;

namespace LzuCore.Cli.Tests.Commands;

public sealed class Detect3dTests
{
    private static string[] Command(params string[] more) => ["detect3d", "image:1@128x192", "--weights", "random:1", "--score", "0.1", .. more];

    [Test]
    public void Json_SaysWhereTheBoxesAre()
    {
        using var folder = new WorkFolder();
        var document = Lzu.Run(Command("--intrinsics", "153.6,153.6,96,64", "--out", folder["out"], "--json")).Succeeded().Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.detect3d/1"));
        var image = document.GetProperty("images")[0];
        var first = image.GetProperty("boxes3d")[0];
        Assert.That(first.GetProperty("center").GetArrayLength(), Is.EqualTo(3));
        Assert.That(first.GetProperty("center")[2].GetDouble(), Is.Positive, "in front of the camera");
        Assert.That(first.GetProperty("size").EnumerateArray().Select(v => v.GetDouble()), Is.All.Positive);
        Assert.That(first.GetProperty("yaw").GetDouble(), Is.InRange(-Math.PI, Math.PI));
        Assert.That(first.GetProperty("velocity").GetArrayLength(), Is.EqualTo(2));
        Assert.That(first.GetProperty("class").GetString(), Is.Not.Empty);
        Assert.That(File.Exists(image.GetProperty("files")[0].GetString()));
    }

    [Test]
    public void Annotations_GiveTheCameraAndTheirBoxes()
    {
        using var folder = new WorkFolder();
        folder.Picture("front.png", 128, 192);
        File.WriteAllText(folder["truth.json"], Annotations);
        var image = Lzu.Run("detect3d", folder["front.png"], "--weights", "random:1", "--annotations", folder["truth.json"], "--out", folder["out"], "--json").Succeeded().Json.GetProperty("images")[0];
        Assert.That(image.GetProperty("intrinsics").EnumerateArray().Select(v => v.GetDouble()), Is.EqualTo(new[] { 153.6, 153.6, 96, 64 }));
        Assert.That(image.GetProperty("truth_boxes").GetInt32(), Is.EqualTo(1));
        Assert.That(image.GetProperty("files").EnumerateArray().Select(f => Path.GetFileName(f.GetString())), Is.EqualTo(new[] { "front.detections3d.png", "front.truth3d.png" }));
        folder.Picture("other.png", 128, 192);
        Lzu.Run("detect3d", folder["other.png"], "--weights", "random:1", "--annotations", folder["truth.json"], "--quiet").Failed(2, "other.png", "--intrinsics");
        folder.Picture("front.png", 64, 96);
        Lzu.Run("detect3d", folder["front.png"], "--weights", "random:1", "--annotations", folder["truth.json"], "--quiet").Failed(2, "128x192", "64x96");
    }

    [TestCase("exact"), TestCase("reference")]
    public void Geometries_BothRun(string geometry)
    {
        var images = Lzu.Run(Command("--intrinsics", "153.6,153.6,96,64", "--warp", "fixed", "--geometry", geometry, "--scale", "0.5", "--json")).Succeeded().Json;
        Assert.That(images.GetProperty("geometry").GetString(), Is.EqualTo(geometry));
        Assert.That(images.GetProperty("images")[0].GetProperty("network_size").EnumerateArray().Select(v => v.GetInt32()), Is.EqualTo(new[] { 64, 96 }));
    }

    [Test]
    public void ACamera_IsDemanded() => Lzu.Run(Command("--quiet")).Failed(2, "--intrinsics", "--annotations");

    [TestCase("1,2,3"), TestCase("a,b,c,d"), TestCase("0,1,2,3"), TestCase("nan,1,1,1")]
    public void BadIntrinsics_AreAUsageError(string intrinsics) => Lzu.Run(Command("--intrinsics", intrinsics, "--quiet")).Failed(2, intrinsics);

    internal static string Annotations => JsonSerializer.Serialize(new
    {
        images = new[]
        {
            new
            {
                id = "a", token = "s", file_name = "samples/CAM_FRONT/front.png", width = 192, height = 128,
                cam2ego_rotation = new[] { 0.5, -0.5, 0.5, -0.5 }, cam2ego_translation = new[] { 1.7, 0, 1.5 }, ego2global_rotation = new[] { 1.0, 0, 0, 0 }, ego2global_translation = new[] { 0.0, 0, 0 },
                cam_intrinsic = new[] { new[] { 153.6, 0.0, 96.0 }, new[] { 0.0, 153.6, 64.0 }, new[] { 0.0, 0, 1 } },
            },
        },
        annotations = new[]
        {
            new
            {
                id = 0, image_id = "a", category_id = 0, bbox = new[] { 80.0, 56, 32, 16 }, area = 512.0, iscrowd = 0,
                bbox_cam3d = new[] { 0.0, 0.5, 20, 4.2, 1.5, 1.9, 0.3 }, velo_cam3d = new[] { 0.0, 0 }, center2d = new[] { 96.0, 67.8, 20 }, attribute_id = 6,
            },
        },
    });
}
