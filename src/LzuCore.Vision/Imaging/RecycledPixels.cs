namespace LzuCore.Vision.Imaging;

/// <summary>Pixel arrays that nobody uses any more, for the next pictures of exactly their size. Bounded; the oldest go first.</summary>
internal static class RecycledPixels
{
    private const long MaxBytes = 256L << 20;
    private static readonly Lock Gate = new();
    private static readonly LinkedList<byte[]> Kept = [];
    private static long _bytes;

    public static byte[] Take(long length)
    {
        lock (Gate)
            for (var node = Kept.Last; node is not null; node = node.Previous)
                if (node.Value.LongLength == length)
                {
                    Kept.Remove(node);
                    _bytes -= length;
                    return node.Value;
                }
        return GC.AllocateUninitializedArray<byte>(checked((int)length));
    }

    public static void Give(byte[] pixels)
    {
        if (pixels.Length == 0) return;
        lock (Gate)
        {
            Kept.AddLast(pixels);
            for (_bytes += pixels.LongLength; _bytes > MaxBytes; Kept.RemoveFirst()) _bytes -= Kept.First!.Value.LongLength;
        }
    }
}
