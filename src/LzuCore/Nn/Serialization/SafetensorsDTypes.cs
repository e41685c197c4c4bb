namespace LzuCore.Nn.Serialization;

// The format's own words for element types, case-sensitive.
internal static class SafetensorsDTypes
{
    private static readonly (string Word, FileDType Type)[] Table =
    [
        ("F64", FileDType.Float64), ("F32", FileDType.Float32), ("F16", FileDType.Float16), ("BF16", FileDType.BFloat16),
        ("I64", FileDType.Int64), ("I32", FileDType.Int32), ("I16", FileDType.Int16), ("I8", FileDType.Int8), ("U8", FileDType.UInt8), ("BOOL", FileDType.Bool),
        ("U64", FileDType.UInt64), ("U32", FileDType.UInt32), ("U16", FileDType.UInt16), ("F8_E4M3", FileDType.Float8E4M3), ("F8_E5M2", FileDType.Float8E5M2), ("C64", FileDType.Complex64),
    ];

    public static FileDType? Parse(string word) => Array.Find(Table, t => t.Word == word).Type;

    public static string? Word(FileDType type) => Array.Find(Table, t => t.Type == type).Word;
}
