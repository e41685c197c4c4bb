namespace LzuCore.Vision.Onnx;

/// <summary>An attribute of a node: a whole number, a number, a word, or whole numbers. Written as a pair: <c>("axis", 1)</c>.</summary>
internal readonly record struct OnnxAttribute(string Name, long? Whole = null, float? Number = null, string? Text = null, int[]? Wholes = null)
{
    public static implicit operator OnnxAttribute((string Name, int Value) pair) => new(pair.Name, Whole: pair.Value);

    public static implicit operator OnnxAttribute((string Name, float Value) pair) => new(pair.Name, Number: pair.Value);

    public static implicit operator OnnxAttribute((string Name, string Value) pair) => new(pair.Name, Text: pair.Value);

    public static implicit operator OnnxAttribute((string Name, int[] Values) pair) => new(pair.Name, Wholes: pair.Values);
}

/// <summary>A node of an ONNX graph. Values are called by name; an input that is left out has the empty one.</summary>
internal sealed record OnnxNode(string Type, string[] Inputs, string[] Outputs, OnnxAttribute[] Attributes);
