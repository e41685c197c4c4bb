namespace LzuCore.Memory;

/// <summary>What a pool holds, for tests and <c>lzu doctor</c>.</summary>
/// <param name="LiveBytes">Bytes in use by storages.</param>
/// <param name="PooledBytes">Bytes kept for reuse.</param>
/// <param name="PeakBytes">The most that was live at once.</param>
/// <param name="Rentals">How many buffers were rented so far.</param>
public readonly record struct PoolStatistics(long LiveBytes, long PooledBytes, long PeakBytes, long Rentals);
