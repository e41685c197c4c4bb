using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tasks.Detection;

/// <summary>An object that was found.</summary>
/// <param name="Box">Where, in pixels of the original picture.</param>
/// <param name="Score">How sure, 0 to 1.</param>
/// <param name="Label">Which class, from 0.</param>
public readonly record struct Detection(Box Box, float Score, int Label);
