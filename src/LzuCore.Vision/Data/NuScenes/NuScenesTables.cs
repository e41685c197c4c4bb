using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Data.NuScenes;

/// <summary>A row of <c>attribute.json</c>.</summary>
public sealed record NuScenesAttribute(string Token, string Name, string Description);

/// <summary>A row of <c>calibrated_sensor.json</c>: where a sensor sits on the car, and for a camera how it sees.</summary>
/// <param name="Token">Its key.</param>
/// <param name="SensorToken">Which sensor.</param>
/// <param name="SensorToEgo">From the sensor's frame to the car's.</param>
/// <param name="Camera">Intrinsics; null for what is no camera.</param>
public sealed record NuScenesCalibratedSensor(string Token, string SensorToken, Pose SensorToEgo, Camera? Camera);

/// <summary>A row of <c>category.json</c>.</summary>
public sealed record NuScenesCategory(string Token, string Name, string Description);

/// <summary>A row of <c>ego_pose.json</c>.</summary>
/// <param name="Token">Its key.</param>
/// <param name="Timestamp">Microseconds.</param>
/// <param name="EgoToGlobal">From the car's frame to the map's.</param>
public sealed record NuScenesEgoPose(string Token, long Timestamp, Pose EgoToGlobal);

/// <summary>A row of <c>instance.json</c>: one object through a scene.</summary>
public sealed record NuScenesInstance(string Token, string CategoryToken, int AnnotationCount, string FirstAnnotationToken, string LastAnnotationToken);

/// <summary>A row of <c>log.json</c>.</summary>
public sealed record NuScenesLog(string Token, string LogFile, string Vehicle, string DateCaptured, string Location);

/// <summary>A row of <c>map.json</c>.</summary>
public sealed record NuScenesMap(string Token, IReadOnlyList<string> LogTokens, string Category, string FileName);

/// <summary>A row of <c>sample.json</c>: one annotated moment, two a second.</summary>
/// <param name="Token">Its key.</param>
/// <param name="Timestamp">Microseconds.</param>
/// <param name="Previous">The moment before in its scene; empty at the beginning.</param>
/// <param name="Next">The moment after; empty at the end.</param>
/// <param name="SceneToken">Its scene.</param>
public sealed record NuScenesSample(string Token, long Timestamp, string Previous, string Next, string SceneToken);

/// <summary>A row of <c>sample_annotation.json</c>: one object at one moment.</summary>
/// <param name="Token">Its key.</param>
/// <param name="SampleToken">The moment.</param>
/// <param name="InstanceToken">The object.</param>
/// <param name="VisibilityToken">How much of it the cameras see; empty when not said.</param>
/// <param name="AttributeTokens">What it does; none or one.</param>
/// <param name="Box">Where it is, in the map's frame.</param>
/// <param name="Previous">The same object at the moment before; empty when it was not there.</param>
/// <param name="Next">The same object at the moment after.</param>
/// <param name="LidarPoints">Lidar points on it.</param>
/// <param name="RadarPoints">Radar points on it.</param>
public sealed record NuScenesAnnotation(
    string Token, string SampleToken, string InstanceToken, string VisibilityToken, IReadOnlyList<string> AttributeTokens, OrientedBox3d Box, string Previous, string Next,
    int LidarPoints, int RadarPoints);

/// <summary>A row of <c>sample_data.json</c>: one file of one sensor.</summary>
/// <param name="Token">Its key.</param>
/// <param name="SampleToken">The moment that it belongs to, or the nearest one.</param>
/// <param name="EgoPoseToken">Where the car was.</param>
/// <param name="CalibratedSensorToken">Where the sensor sat.</param>
/// <param name="Timestamp">Microseconds.</param>
/// <param name="IsKeyFrame">Whether it was taken at the moment itself.</param>
/// <param name="Height">Rows of an image; 0 for what is none.</param>
/// <param name="Width">Columns of an image.</param>
/// <param name="FileName">Below the data set's folder.</param>
public sealed record NuScenesSampleData(
    string Token, string SampleToken, string EgoPoseToken, string CalibratedSensorToken, long Timestamp, bool IsKeyFrame, int Height, int Width, string FileName);

/// <summary>A row of <c>scene.json</c>: twenty seconds of driving.</summary>
public sealed record NuScenesScene(string Token, string Name, string Description, string LogToken, int SampleCount, string FirstSampleToken, string LastSampleToken);

/// <summary>A row of <c>sensor.json</c>.</summary>
/// <param name="Token">Its key.</param>
/// <param name="Channel">Its name, such as CAM_FRONT.</param>
/// <param name="Modality">camera, lidar or radar.</param>
public sealed record NuScenesSensor(string Token, string Channel, string Modality);

/// <summary>A row of <c>visibility.json</c>.</summary>
public sealed record NuScenesVisibility(string Token, string Level, string Description);
