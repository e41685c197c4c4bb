using System.Globalization;
using LzuCore.Memory;

namespace LzuCore.Vision.Experiments;

/// <summary>What is learned.</summary>
public enum DeskTask
{
    /// <summary>Boxes in the picture.</summary>
    Detection,
    /// <summary>A class for every pixel.</summary>
    Segmentation,
    /// <summary>Boxes in space from one picture.</summary>
    Detection3d,
}

/// <summary>How pictures come to the network's size.</summary>
public enum ZoomMethod
{
    /// <summary>Everywhere alike, by the same bilinear sampler that the zooms use.</summary>
    Uniform,
    /// <summary>Everywhere alike, averaging what is passed over.</summary>
    UniformAveraged,
    /// <summary>Zoomed where a training set's objects are, features unzoomed (Thavamani et al. 2023).</summary>
    LzuFixed,
    /// <summary>Zoomed where the frame before had objects; trained with cascaded saliency.</summary>
    LzuAdaptive,
    /// <summary>The same, trained with the truth jittered to the end.</summary>
    LzuAdaptiveNoCascade,
    /// <summary>The adaptive zoom, its amplitude and bandwidth learned through the warp.</summary>
    LzuLearned,
    /// <summary>Zoomed as fixed LZU; boxes are taken back, features are not (Thavamani et al. 2021).</summary>
    Fovea,
    /// <summary>A learned downsampler with an edge loss; losses in the zoomed picture (Jin et al. 2021).</summary>
    Lds,
    /// <summary>Samples drawn to predicted boundaries (Marin et al. 2019).</summary>
    EdgeSampling,
}

/// <summary>Which streets are driven on.</summary>
public enum DeskWorld
{
    /// <summary>A horizon that hardly moves, as on a flat road.</summary>
    Steady,
    /// <summary>A horizon that goes up and down and roads that bend: no fixed place is the right one.</summary>
    Moving,
}

/// <summary>One training and its evaluation: everything that its result depends on.</summary>
/// <param name="Task">What is learned.</param>
/// <param name="Method">How pictures are shown.</param>
public sealed record Trial(DeskTask Task, ZoomMethod Method)
{
    /// <summary>The network's share of the picture's sides.</summary>
    public double Scale { get; init; } = 0.25;

    /// <summary>Seed of first weights, order and augmentation. The scenes are the same for all seeds.</summary>
    public ulong Seed { get; init; }

    /// <summary>Which streets.</summary>
    public DeskWorld World { get; init; } = DeskWorld.Steady;

    /// <summary>Steps of training.</summary>
    public int Steps { get; init; } = 1400;

    /// <summary>Pictures a step.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>Pictures to train on.</summary>
    public int Training { get; init; } = 1400;

    /// <summary>Pictures to test on, never seen before.</summary>
    public int Test { get; init; } = 400;

    /// <summary>A trial of the recipe's length: eight times through the training set for detection, and 400 steps, whose pictures cost more, for segmentation.</summary>
    public static Trial Of(DeskTask task, ZoomMethod method) => new(task, method) { Steps = task == DeskTask.Segmentation ? 400 : 1400 };

    /// <summary>A folder's name.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"{Word(Task)}-{Word(Method)}-{Scale:0.00}{(World == DeskWorld.Moving ? "-moving" : "")}-{Steps}x{Batch}-of-{Training}-seed{Seed}");

    /// <summary>The word for a task.</summary>
    public static string Word(DeskTask task) => task switch { DeskTask.Detection => "detection", DeskTask.Segmentation => "segmentation", _ => "detection3d" };

    /// <summary>The word for a method.</summary>
    public static string Word(ZoomMethod method) => method switch
    {
        ZoomMethod.Uniform => "uniform",
        ZoomMethod.UniformAveraged => "averaged",
        ZoomMethod.LzuFixed => "lzu-fixed",
        ZoomMethod.LzuAdaptive => "lzu-adaptive",
        ZoomMethod.LzuAdaptiveNoCascade => "lzu-adaptive-no-cascade",
        ZoomMethod.LzuLearned => "lzu-learned",
        ZoomMethod.Fovea => "fovea",
        ZoomMethod.Lds => "lds",
        _ => "es",
    };

    /// <summary>A method as tables call it.</summary>
    public static string Title(ZoomMethod method) => method switch
    {
        ZoomMethod.Uniform => "Uniform",
        ZoomMethod.UniformAveraged => "Uniform, anti-aliased",
        ZoomMethod.LzuFixed => "LZU, fixed",
        ZoomMethod.LzuAdaptive => "LZU, adaptive",
        ZoomMethod.LzuAdaptiveNoCascade => "LZU, adaptive, no cascade",
        ZoomMethod.LzuLearned => "LZU, learned",
        ZoomMethod.Fovea => "FOVEA",
        ZoomMethod.Lds => "LDS",
        _ => "ES",
    };

    /// <summary>The network's input for pictures of a size.</summary>
    public Size2 InputOf(Size2 picture) => new((int)(Scale * picture.Height), (int)(Scale * picture.Width));
}
