using LzuCore.Nn;
using LzuCore.Tensors;

namespace LzuCore.Vision.Experiments;

/// <summary>An experiment's network in the three parts between which its method acts. What a method costs is measured on them.</summary>
public interface IZoomedNetwork
{
    /// <summary>The method.</summary>
    Sampling Sampling { get; }

    /// <summary>The network, and what the method learns besides it.</summary>
    Module Model { get; }

    /// <summary>An input [N, 3, h, w] to the levels of the trunk.</summary>
    Tensor[] Trunk(Tensor input);

    /// <summary>The trunk's levels as the head reads them: unzoomed, where the method unzooms.</summary>
    Tensor[] Back(Tensor[] levels, Shown shown);

    /// <summary>What the head makes of them.</summary>
    Tensor Head(Tensor[] levels);
}
