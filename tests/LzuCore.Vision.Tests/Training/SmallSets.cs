using System.Globalization;
using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Training;

/// <summary>Data sets of three pictures for each task, with the configurations that train on them: everything a real run reads, small enough for a test.</summary>
internal sealed class SmallSets : IDisposable
{
    private static readonly Size2 Size = new(64, 96);

    public SmallSets()
    {
        for (var i = 0; i < 3; i++)
        {
            Save($"images/{i}.png", i);
            Save($"samples/CAM_FRONT/{i}.png", i);
            Save($"leftImg8bit/train/ulm/ulm_00000{i}_000019_leftImg8bit.png", i);
            var labels = new LabelMap(Size);
            for (var y = 0; y < Size.Height; y++)
                for (var x = 0; x < Size.Width; x++) labels.Row(y)[x] = (byte)(x < 30 + 10 * i ? 0 : 1 + y / 32);
            var path = Folder[$"gtFine/train/ulm/ulm_00000{i}_000019_gtFine_labelTrainIds.png"];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, labels.Encode());
        }
        File.WriteAllText(Folder["boxes.json"], $$"""
            {"images": [{{Join(i => $$"""{"id": {{i + 1}}, "file_name": "{{i}}.png", "height": 64, "width": 96}""")}}],
             "annotations": [{{Join(i => $$"""{"id": {{i + 1}}, "image_id": {{i + 1}}, "category_id": {{1 + i % 2}}, "bbox": [{{10 + 9 * i}}, 12, 32, 30], "area": 960, "iscrowd": 0}""")}}],
             "categories": [{"id": 1, "name": "car"}, {"id": 2, "name": "person"}]}
            """);
        File.WriteAllText(Folder["space.json"], $$"""
            {"images": [{{Join(i => $$"""{"file_name": "samples/CAM_FRONT/{{i}}.png", "id": "i{{i}}", "token": "s{{i}}", "cam2ego_rotation": [1, 0, 0, 0], "cam2ego_translation": [1, 2, 1.5], "ego2global_rotation": [1, 0, 0, 0], "ego2global_translation": [0, 0, 0], "cam_intrinsic": [[76, 0, 48], [0, 76, 32], [0, 0, 1]], "width": 96, "height": 64}""")}}],
             "annotations": [{{Join(i => $$"""{"id": {{i + 1}}, "image_id": "i{{i}}", "category_id": {{i}}, "category_name": "car", "area": 900, "bbox": [{{10 + 9 * i}}, 12, 30, 30], "iscrowd": 0, "segmentation": [], "file_name": "samples/CAM_FRONT/{{i}}.png", "bbox_cam3d": [{{-4 + i}}, 0.5, 20, 4, 1.7, 2, 0.3], "velo_cam3d": [0.5, 1], "center2d": [{{25 + 9 * i}}, 27, 20], "attribute_name": "none", "attribute_id": 8}""")}}],
             "categories": [{{string.Join(", ", new[] { "car", "truck", "trailer", "bus", "construction_vehicle", "bicycle", "motorcycle", "pedestrian", "traffic_cone", "barrier" }.Select((n, i) => $$"""{"id": {{i}}, "name": "{{n}}"}"""))}}]}
            """);
    }

    public WorkFolder Folder { get; } = new();

    /// <summary>A configuration that trains in a few steps.</summary>
    /// <param name="task">Which.</param>
    /// <param name="workers">Loader's threads.</param>
    /// <param name="folder">Where it writes.</param>
    /// <param name="steps">How long.</param>
    /// <param name="change">Changes the text.</param>
    public string Config(string task, int workers = 0, string folder = "run", int steps = 4, Func<string, string>? change = null)
    {
        var own = task switch
        {
            "detection" => """
                "model": {"kind": "retinanet", "depth": 18, "freeze": "mmdet"},
                  "data": {"annotations": "boxes.json", "images": "images", "validation_annotations": "boxes.json"},
                  "zoom": {"saliency": "adaptive", "grid": "7x11", "fwhm": 4, "bandwidth": 20},
                  "augment": {"flip": 0.5, "photometric": true, "rescale": ["64x96", "48x72"]},
                """,
            "segmentation" => """
                "model": {"depth": 18, "classes": 3, "form": "pyramid", "channels": 32},
                  "data": {"root": ".", "validation_split": "train"},
                  "zoom": {"saliency": "training_set", "grid": "7x11", "fwhm": 4},
                  "augment": {"flip": 0.5, "crop": "64x64"},
                """,
            _ => """
                "model": {"depth": 50, "freeze": "all_norms", "weights": "random:1"},
                  "data": {"annotations": "space.json", "root": "."},
                  "zoom": {"scale": 0.75, "saliency": "training_set", "grid": "7x11", "fwhm": 4},
                  "augment": {"flip": 0.5},
                """,
        };
        var text = string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "task": "{{task}}",
              "folder": "{{folder}}",
              {{own}}
              "optimizer": {"learning_rate": 0.002, "bias_rate": 2, "bias_decay": 0},
              "schedule": {"kind": "poly", "warmup_steps": 2, "warmup_ratio": 0.3},
              "training": {"steps": {{steps}}, "batch": 2, "workers": {{workers}}, "clip_norm": 35{{(task == "detection3d" ? "" : ", \"evaluate_every\": 3")}}}
            }
            """);
        var path = Folder[$"{task} {folder} {workers}.json"];
        File.WriteAllText(path, change is null ? text : change(text));
        return path;
    }

    /// <summary>A configuration of a small network on a few small scenes, with what the task has of zooms, averages and evaluations.</summary>
    public string DeskConfig(string task, int workers = 0, string folder = "run", int steps = 4, Func<string, string>? change = null)
    {
        var (data, zoom, more) = task switch
        {
            "detection" => ("", "\"saliency\": \"adaptive\"", ""),
            "segmentation" => ("\"validation\": 2, ", "\"saliency\": \"training_set\"", ", \"evaluate_every\": 12"),
            _ => ("", "\"saliency\": \"training_set\"", ", \"average_decay\": 0.9"),
        };
        var text = $$"""
            {
              "task": "{{task}}",
              "folder": "{{folder}}",
              "model": {"kind": "desk"},
              "data": {"kind": "scenes", "training": 5, {{data}}"size": "64x96"},
              "zoom": {"size": "16x24", {{zoom}}},
              "optimizer": {"kind": "adamw", "learning_rate": 0.002},
              "schedule": {"kind": "one_cycle"},
              "training": {"steps": {{steps}}, "batch": 2, "workers": {{workers}}, "clip_norm": 5{{more}}}
            }
            """;
        var path = Folder[$"desk {task} {folder} {workers}.json"];
        File.WriteAllText(path, change is null ? text : change(text));
        return path;
    }

    public void Dispose() => Folder.Dispose();

    private void Save(string name, int seed)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Folder[name])!);
        ImageCodec.Save(DeterministicImage.Make(seed, Size), Folder[name]);
    }

    private static string Join(Func<int, string> item) => string.Join(", ", Enumerable.Range(0, 3).Select(item));
}
