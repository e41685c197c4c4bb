using System.Diagnostics;

namespace LzuCore.Vision.Training;

/// <summary>How fast steps are lately: seconds a step and pictures, each a moving mean in which the newest step counts a tenth.</summary>
internal sealed class Pace
{
    private const double Newest = 0.1;
    private readonly Stopwatch _clock = new();
    private double _seconds, _pictures;
    private int _steps;

    /// <summary>A step begins, its loading included.</summary>
    public void Begin() => _clock.Restart();

    /// <summary>The step is done.</summary>
    public void End(int pictures)
    {
        var share = Math.Max(Newest, 1.0 / ++_steps);
        _seconds += (_clock.Elapsed.TotalSeconds - _seconds) * share;
        _pictures += (pictures - _pictures) * share;
    }

    /// <summary>Pictures a second.</summary>
    public double PicturesPerSecond => _seconds > 0 ? _pictures / _seconds : 0;

    /// <summary>Time for some steps more.</summary>
    public TimeSpan For(int steps) => TimeSpan.FromSeconds(Math.Min(_seconds * steps, TimeSpan.MaxValue.TotalSeconds / 2));
}
