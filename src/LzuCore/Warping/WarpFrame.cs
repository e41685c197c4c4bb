using LzuCore.Memory;

namespace LzuCore.Warping;

/// <summary>The sizes that a warp will be used at.</summary>
/// <param name="Image">The original image.</param>
/// <param name="Zoomed">The zoomed image, before padding.</param>
/// <param name="Strides">The stride of every level that will be unzoomed.</param>
/// <param name="Multiple">The zoomed image is padded to a multiple of this at its right and bottom; 1 pads nothing.</param>
public sealed record WarpFrame(Size2 Image, Size2 Zoomed, IReadOnlyList<int> Strides, int Multiple = 1)
{
    /// <summary>A level's size: every started cell of the padded image counts, as in networks whose strided layers round up.</summary>
    internal Size2 Level(int stride) => (Cells(Zoomed.Height, stride), Cells(Zoomed.Width, stride));

    private int Cells(int size, int stride) => ((size + Multiple - 1) / Multiple * Multiple + stride - 1) / stride;
}
