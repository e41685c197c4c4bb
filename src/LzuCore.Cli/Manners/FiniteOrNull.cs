using System.Text.Json;
using System.Text.Json.Serialization;

namespace LzuCore.Cli.Manners;

/// <summary>A number that is not finite has no JSON spelling: it is <c>null</c>.</summary>
internal sealed class FiniteOrNull : JsonConverter<double>
{
    /// <inheritdoc/>
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value)) writer.WriteNumberValue(value);
        else writer.WriteNullValue();
    }

    /// <inheritdoc/>
    public override bool HandleNull => true;
}
