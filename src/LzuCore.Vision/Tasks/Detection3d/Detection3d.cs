using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tasks.Detection3d;

/// <summary>An object that was found in space.</summary>
/// <param name="Box">Where, in the camera's frame.</param>
/// <param name="Score">How sure, 0 to 1.</param>
/// <param name="Label">Which class, from 0, in the model's order.</param>
/// <param name="Attribute">Which attribute, from 0; the last is none.</param>
public readonly record struct Detection3d(CameraBox3d Box, float Score, int Label, int Attribute);
