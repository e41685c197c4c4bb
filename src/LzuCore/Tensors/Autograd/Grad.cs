namespace LzuCore.Tensors.Autograd;

/// <summary>Whether ops record themselves for <see cref="Gradients.Of"/>. Per thread; on by default.</summary>
public static class Grad
{
    [ThreadStatic] private static int _off;
    [ThreadStatic] private static int _checking;

    /// <summary>Whether ops record.</summary>
    public static bool IsOn => _off == 0;

    /// <summary>Whether every op's result and gradient is checked for NaN and infinity.</summary>
    public static bool IsDetectingAnomalies => _checking > 0;

    /// <summary>Records nothing and saves nothing until disposed: <c>using (Grad.Off()) …</c>.</summary>
    public static Scope Off()
    {
        _off++;
        return new Scope(anomaly: false);
    }

    /// <summary>Until disposed, an op whose result or gradient is not finite raises an error that names it.</summary>
    public static Scope DetectAnomalies()
    {
        _checking++;
        return new Scope(anomaly: true);
    }

    /// <summary>Restores the mode when disposed.</summary>
    public readonly ref struct Scope
    {
        private readonly bool _anomaly;

        internal Scope(bool anomaly) => _anomaly = anomaly;

        /// <summary>Restores the mode.</summary>
        public void Dispose()
        {
            if (_anomaly) _checking--;
            else _off--;
        }
    }
}
