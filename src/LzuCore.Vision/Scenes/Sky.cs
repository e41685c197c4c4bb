namespace LzuCore.Vision.Scenes;

/// <summary>The sky of one scene, evaluated on a coarse lattice over the picture: blue above, hazy at the horizon, with clouds that drift to the vanishing point.</summary>
internal sealed class Sky
{
    private Tint[] _lattice = [];
    private int _step;
    private int _columns;

    /// <summary>Fills the lattice down to the lowest row that sky can be seen at.</summary>
    public void Prepare(SceneView view, SceneLight light)
    {
        _step = Math.Max(2, view.Size.Width / 160);
        _columns = view.Size.Width / _step + 2;
        var rows = view.Size.Height / _step + 2;
        if (_lattice.Length < rows * _columns) _lattice = new Tint[rows * _columns];
        var horizon = view.Horizon;
        for (var r = 0; r < rows; r++)
        {
            var up = Math.Max(0, (horizon - r * _step) / view.Camera.Fy);
            var blue = light.Zenith.To(light.Haze, PortableMath.Exp(-up * 6.5));
            // Clouds lie on a plane overhead; near the horizon they crowd and dissolve.
            var far = 1 / (up + 0.07);
            var thick = Math.Clamp((up - 0.02) * 7, 0, 1) * light.Cloudiness;
            for (var c = 0; c < _columns; c++)
            {
                var across = (c * _step - view.Camera.Cx) / view.Camera.Fx;
                double x = view.AheadZ * across + view.AheadX, z = view.AheadZ - view.AheadX * across;
                var (u, v) = ((float)(light.CloudX + x * far), (float)(light.CloudZ + z * far));
                var cover = 0.5f * SmoothNoise.At(u * 0.7f, v * 0.7f) + 0.3f * SmoothNoise.At(u * 1.7f + 9, v * 1.7f) + 0.2f * SmoothNoise.At(u * 3.9f, v * 3.9f + 5);
                var dense = Math.Clamp(cover * 1.3 + light.Cover, 0, 1) * thick;
                var lit = 1 - 0.16 * Math.Clamp(cover + light.Cover - 0.5, 0, 1);
                _lattice[r * _columns + c] = blue.To(light.Cloud * lit, dense);
            }
        }
    }

    /// <summary>The sky at a pixel.</summary>
    public Tint At(int column, int row)
    {
        int c = column / _step, r = row / _step;
        double tx = (column - c * _step + 0.5) / _step, ty = (row - r * _step + 0.5) / _step;
        var at = r * _columns + c;
        return _lattice[at].To(_lattice[at + 1], tx).To(_lattice[at + _columns].To(_lattice[at + _columns + 1], tx), ty);
    }
}
