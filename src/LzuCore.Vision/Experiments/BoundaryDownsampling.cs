using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Segmentation;
using LzuCore.Vision.Training;
using LzuCore.Warping;

namespace LzuCore.Vision.Experiments;

/// <summary>ES: a small network on a shrunken copy predicts where 8×8 nodes would stand if label boundaries attracted them (<see cref="BoundaryAttraction"/>); the segmentation network is trained on what they sample.</summary>
/// <remarks>As in the source: a 64×64 copy, stride 8, shifts of learned mean positions, squared loss, border nodes that stay on their border; the segmentation's loss does not move the nodes. Differences: five residual blocks in place of
/// two stacked U-Nets; both networks are trained at the same time and not one after the other; pictures are sampled bilinearly, and answers come back by the exact inverse of the bilinear tiles, where the source takes the nearest pixel and a triangulation;
/// every class attracts unless some are named. Source: Marin et al. 2019, "Efficient segmentation: learning downsampling near semantic boundaries".</remarks>
/// <param name="original">The pictures' size.</param>
/// <param name="input">The network's.</param>
/// <param name="attracting">The classes whose boundaries attract; null for all.</param>
public sealed class BoundaryDownsampling(Size2 original, Size2 input, IReadOnlyList<int>? attracting = null) : WarpedSampling(original, input)
{
    private static readonly Size2 Copy = (8 * BoundaryAttraction.Nodes, 8 * BoundaryAttraction.Nodes);

    private readonly NodeNetwork _network = new();
    private readonly BoundaryAttraction _attraction = new(attracting: attracting);

    /// <inheritdoc/>
    public override Module Learned => _network;

    /// <inheritdoc/>
    public override Shown Show(Tensor pictures, IReadOnlyList<Box[]>? boxes)
    {
        var nodes = _network.Call(F.AdaptiveAvgPool2d(pictures, Copy));
        var warp = WarpGrid.FromNodes(BoundaryAttraction.OnBorders(nodes.Detach()));
        return new(warp.Zoom(pictures, Input), warp, nodes);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Guidance(Shown shown, IReadOnlyList<LabelMap> maps)
    {
        var nodes = shown.Look!;
        var wanted = Tensor.From([.. maps.SelectMany(_attraction.Of)], nodes.Shape).To(nodes.Device);
        return [new("nodes", (nodes - wanted).Square().Sum() / maps.Count)];
    }

    // [N, 3, 64, 64] to nodes [N, 8, 8, 2].
    private sealed class NodeNetwork : Layer
    {
        private readonly BasicBlock[] _blocks;
        private readonly Conv2d _shifts;
        private readonly Parameter _mean;

        public NodeNetwork()
        {
            _blocks = [.. Enumerable.Range(0, 5).Select(i => Child($"blocks.{i}", new BasicBlock(i == 0 ? 3 : 24, 24, stride: i < 3 ? 2 : 1, eps: 1e-5)))];
            _shifts = Child("shifts", new Conv2d(24, 2, kernel: 1, weightInit: Init.Normal(0, 0.01)));
            _mean = Param("mean", [BoundaryAttraction.Nodes, BoundaryAttraction.Nodes, 2], (shape, _) => Tensor.From(BoundaryAttraction.Even(), shape));
        }

        public override Tensor Forward(Tensor x)
        {
            foreach (var block in _blocks) x = block.Call(x);
            return _shifts.Call(x).Permute(0, 2, 3, 1) + _mean.Value;
        }
    }
}
