using CsCheck;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Warping;

namespace LzuCore.Tests.Warping;

/// <summary>Random saliency: sizes, widths, and values from nearly flat to spikes.</summary>
internal static class RandomWarps
{
    public static Gen<(int H, int W, double Fwhm, int Power, ulong Seed)> Any =>
        Gen.Select(Gen.Int[2, 14], Gen.Int[2, 17], Gen.Double[1, 14], Gen.Int[1, 6], Gen.ULong, (h, w, fwhm, power, seed) => (h, w, fwhm, power, seed));

    public static Tensor Saliency(int h, int w, int power, ulong seed, DType dtype = DType.Float64)
    {
        var random = RandomSource.FromSeed(seed);
        return Tensor.Generate([1, 1, h, w], i => 1e-4 + Math.Pow(random.Uniform((ulong)i), power), dtype);
    }

    public static WarpGrid Warp(Tensor saliency, double fwhm, bool separable, bool antiCrop) =>
        SaliencyToGrid.Apply(saliency, new() { AttractionFwhm = fwhm, Separable = separable, AntiCrop = antiCrop });

    public static double[] Doubles(Tensor t) => F.To(t, DType.Float64).ToArray<double>();

    public static double Distance(Tensor a, Tensor b) => Doubles(a).Zip(Doubles(b), (x, y) => Math.Abs(x - y)).DefaultIfEmpty(0).Max();
}
