using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tasks.Detection3d;

/// <summary>An object that was found in space.</summary>
/// <param name="Box">Where, in the camera's frame.</param>
/// <param name="Score">How sure, 0 to 1.</param>
/// <param name="Label">Which class: a position in <see cref="NuScenesClasses.Names"/>.</param>
/// <param name="Attribute">What it does: a position in <see cref="NuScenesClasses.Attributes"/>.</param>
public readonly record struct Detection3d(CameraBox3d Box, float Score, int Label, int Attribute);
