namespace LzuCore.Memory;

/// <summary>Base of every error this library raises on purpose. The message is one line: what must hold, what is, what to do.</summary>
public class LzuException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A shape does not fit. Carries the operation, what was expected and what was given.</summary>
public sealed class ShapeException(string op, string expected, string actual, string? remedy = null)
    : LzuException($"{op}: {expected}, got {actual}.{(remedy is null ? "" : " " + remedy)}")
{
    /// <summary>The operation that refused, in the outside world's spelling (<c>grid_sample</c>).</summary>
    public string Op { get; } = op;

    /// <summary>What must hold.</summary>
    public string Expected { get; } = expected;

    /// <summary>What was given.</summary>
    public string Actual { get; } = actual;
}

/// <summary>An argument other than a shape is outside what the operation accepts.</summary>
public sealed class ArgumentValueException(string message) : LzuException(message);

/// <summary>A dtype is not what the operation accepts.</summary>
public sealed class DTypeException(string message) : LzuException(message);

/// <summary>Operands live on different devices, or a device does not exist.</summary>
public sealed class DeviceException(string message, Exception? inner = null) : LzuException(message, inner);

/// <summary>The backend has no implementation of a kernel.</summary>
public sealed class KernelNotFoundException(string message) : LzuException(message);

/// <summary>A buffer could not be had. The message lists who holds memory.</summary>
public sealed class OutOfDeviceMemoryException(string message, Exception? inner = null) : LzuException(message, inner);

/// <summary>A tensor was used after its buffer went back to the pool.</summary>
public sealed class ReleasedTensorException(string message) : LzuException(message);

/// <summary>A value became NaN or infinite where none may be. Names the op that produced it.</summary>
public sealed class NonFiniteException(string message) : LzuException(message);

/// <summary>A file is not what it claims to be, or is refused for safety. Nothing in it was executed.</summary>
public sealed class FileFormatException(string message, Exception? inner = null) : LzuException(message, inner);
