using System.Globalization;
using LzuCore.Cli.Commands;
using LzuCore.Cli.Pictures;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Pages;

/// <summary>What the demo's page tells.</summary>
internal static class DemoStory
{
    /// <summary>The page.</summary>
    public static string Page(Dictionary<string, Image> pictures, ZoomRun run, int things, List<DemoSizes> sizes, List<DemoRow> rows, int scenes, Dictionary<string, int[]> objects)
    {
        var page = new DemoPage("Learning to zoom and unzoom",
            "A detector is fast on a small picture, but far things vanish in it. Zooming gives them the pixels back at the same cost: sample densely where things are, run the network, and undo the warp in feature space.");
        page.Step(1, "A street", $"{things} things stand in it, from cars near by to people far away. The program draws it, so every box is exact. Nobody trained on it.");
        page.Pictures((pictures["street"], "The street with its true boxes."));
        page.Step(2, "Where to look", "Where the boxes of 1,400 other streets were: mostly around the horizon. This map is fixed, so its warp is computed once and kept.");
        page.Pictures((pictures["saliency"], "Saliency on a 31x51 grid, in multiples of uniform."));
        page.Step(3, "How to stretch", string.Create(CultureInfo.InvariantCulture, $"Grid nodes are attracted to salient places. Every cell gets the same room in the zoomed picture, so small cells are magnified: lengths grow by {Math.Sqrt(run.Diagnostics.LargestMagnification):0.00} where it matters most and shrink to {Math.Sqrt(run.Diagnostics.SmallestMagnification):0.00} elsewhere. The warp has {run.Diagnostics.Folds.Count} folds."));
        page.Pictures((pictures["grid"], "The warp's mesh over the street."), (pictures["magnification"], "Magnification of lengths against plain resizing."));
        page.Step(4, "What the network sees", $"Both pictures have {run.Zoomed.Width}x{run.Zoomed.Height} pixels and cost the network the same. Below them, far things cut out of each, every pixel enlarged alike.");
        page.Pictures((pictures["uniform"], "Resized evenly."), (pictures["zoomed"], "Zoomed."));
        page.Pictures((pictures["far-objects"], "The same far things in both."));
        page.Table(["Distance in metres", "Things", "Resized, pixels", "Zoomed, pixels", "Gain"], sizes.Select(s => new[]
        {
            s.Metres, $"{s.Objects}", Number(s.UniformPx, "0.0"), Number(s.ZoomedPx, "0.0"), Number(s.ZoomedPx / s.UniformPx, "0.00") + "x",
        }));
        page.Step(5, "What is found", "Features are unzoomed before the head reads them, so boxes are predicted in the street's own geometry and nothing else of the detector changes.");
        page.Pictures((pictures["found-uniform"], "With even resizing."), (pictures["found-lzu"], "With zoom and unzoom."));
        page.Section("How much better", $"The bundled detectors (0.6 million weights, trained by lzu reproduce table1 on procedural scenes) on {scenes} streets that they never saw. Average precision in per cent; milliseconds for one picture on this machine, resampling and network, and what the method adds.");
        page.Table(["Method", "Scale", "AP", "AP50", "AP small", "AP medium", "AP large", "ms", "added ms"], rows.Select(r => new[]
        {
            r.Method, Number(r.Scale, "0.00"), Number(r.Ap, "0.0"), Number(r.Ap50, "0.0"), Number(r.ApSmall, "0.0"), Number(r.ApMedium, "0.0"), Number(r.ApLarge, "0.0"), Number(r.LatencyMs, "0.0"), Number(r.AddedMs, "0.00"),
        }));
        page.Section("On how many objects", "Small is below 16² pixels, large from 48² (COCO's limits for a picture this size). A class with fewer than 20 objects of a size is left out of that size's mean.");
        page.Table(["Class", "Small", "Medium", "Large"], objects.Select(o => new[] { o.Key, $"{o.Value[0]}", $"{o.Value[1]}", $"{o.Value[2]}" }));
        return page.End("Made by lzu demo. Method: Thavamani, Li, Ferroni, Ramanan: Learning to Zoom and Unzoom, CVPR 2023. Full-size pictures lie beside this page.");
    }

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
