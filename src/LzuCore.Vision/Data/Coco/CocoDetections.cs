using System.Text.Json;
using LzuCore.Memory;

namespace LzuCore.Vision.Data.Coco;

/// <summary>One box of a COCO results file.</summary>
/// <param name="ImageId">Which image it was found in.</param>
/// <param name="CategoryId">What it is: an id of the annotation file's categories.</param>
/// <param name="Box">Where, in pixels of the original image.</param>
/// <param name="Score">How sure; finite.</param>
public readonly record struct CocoDetection(long ImageId, long CategoryId, CocoBox Box, double Score);

/// <summary>COCO's results file: one list of <c>{"image_id", "category_id", "bbox": [x, y, width, height], "score"}</c>, which the official tools score.</summary>
public static class CocoDetections
{
    /// <summary>Reads a file, in its order: the metric breaks ties by it.</summary>
    /// <exception cref="FileFormatException">The file is missing, or something in it is not as the format says; the message names the place.</exception>
    public static IReadOnlyList<CocoDetection> Load(string path)
    {
        using var json = JsonCursor.Open("coco detections", path);
        return Read(json);
    }

    /// <summary>Reads a stream to its end.</summary>
    /// <param name="stream">The JSON text.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="FileFormatException">Something in it is not as the format says.</exception>
    public static IReadOnlyList<CocoDetection> Read(Stream stream, string name) => Read(new JsonCursor(stream, $"coco detections {name}"));

    /// <summary>Writes the official file.</summary>
    /// <exception cref="ArgumentValueException">A number is not finite.</exception>
    public static void Write(Stream stream, IEnumerable<CocoDetection> detections)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartArray();
        foreach (var one in detections)
        {
            Check.That(double.IsFinite(one.Box.X + one.Box.Y + one.Box.Width + one.Box.Height + one.Score), $"coco detections: numbers must be finite, got {one}.");
            json.WriteStartObject();
            json.WriteNumber("image_id"u8, one.ImageId);
            json.WriteNumber("category_id"u8, one.CategoryId);
            json.WriteStartArray("bbox"u8);
            json.WriteNumberValue(one.Box.X);
            json.WriteNumberValue(one.Box.Y);
            json.WriteNumberValue(one.Box.Width);
            json.WriteNumberValue(one.Box.Height);
            json.WriteEndArray();
            json.WriteNumber("score"u8, one.Score);
            json.WriteEndObject();
            if (json.BytesPending > 1 << 16) json.Flush();
        }
        json.WriteEndArray();
    }

    private static List<CocoDetection> Read(JsonCursor json)
    {
        var detections = new List<CocoDetection>();
        json.BeginArray();
        while (json.NextElement()) detections.Add(ReadOne(json));
        json.End();
        return detections;
    }

    private static CocoDetection ReadOne(JsonCursor json)
    {
        long? image = null, category = null;
        CocoBox? box = null;
        double? score = null;
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "image_id": image = json.Integer(); break;
                case "category_id": category = json.Integer(); break;
                case "bbox": box = CocoBox.Read(json); break;
                case "score": score = json.Finite(); break;
                default: json.Skip(); break;
            }
        return new CocoDetection(image ?? throw json.Missing("image_id"), category ?? throw json.Missing("category_id"), box ?? throw json.Missing("bbox"), score ?? throw json.Missing("score"));
    }
}
