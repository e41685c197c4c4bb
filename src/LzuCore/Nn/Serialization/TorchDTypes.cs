namespace LzuCore.Nn.Serialization;

// Torch's names of element types: of storages (torch.FloatStorage) and of tensors (torch.float32).
internal static class TorchDTypes
{
    public static FileDType? OfStorage(PickleGlobal global) => (global.Module, global.Name) switch
    {
        ("torch.storage", "UntypedStorage" or "_UntypedStorage") => FileDType.UInt8,
        ("torch" or "torch.cuda", var name) => name switch
        {
            "DoubleStorage" => FileDType.Float64,
            "FloatStorage" => FileDType.Float32,
            "HalfStorage" => FileDType.Float16,
            "BFloat16Storage" => FileDType.BFloat16,
            "LongStorage" => FileDType.Int64,
            "IntStorage" => FileDType.Int32,
            "ShortStorage" => FileDType.Int16,
            "CharStorage" => FileDType.Int8,
            "ByteStorage" or "UntypedStorage" => FileDType.UInt8,
            "BoolStorage" => FileDType.Bool,
            "ComplexFloatStorage" => FileDType.Complex64,
            "ComplexDoubleStorage" => FileDType.Complex128,
            "QInt8Storage" => FileDType.QInt8,
            "QUInt8Storage" => FileDType.QUInt8,
            "QInt32Storage" => FileDType.QInt32,
            _ => null,
        },
        _ => null,
    };

    public static FileDType? OfTensor(PickleGlobal global) => global.Module != "torch" ? null : global.Name switch
    {
        "float64" => FileDType.Float64,
        "float32" => FileDType.Float32,
        "float16" => FileDType.Float16,
        "bfloat16" => FileDType.BFloat16,
        "int64" => FileDType.Int64,
        "int32" => FileDType.Int32,
        "int16" => FileDType.Int16,
        "int8" => FileDType.Int8,
        "uint8" => FileDType.UInt8,
        "bool" => FileDType.Bool,
        "uint16" => FileDType.UInt16,
        "uint32" => FileDType.UInt32,
        "uint64" => FileDType.UInt64,
        "float8_e4m3fn" => FileDType.Float8E4M3,
        "float8_e5m2" => FileDType.Float8E5M2,
        "complex64" => FileDType.Complex64,
        "complex128" => FileDType.Complex128,
        _ => null,
    };
}
