// The inverse of a piecewise bilinear map, in float64: one tile against one entry. Point in tile: p + mu c + lambda
// (b + mu d) = x, mu along columns, lambda along rows; with m = p - x: A mu^2 + B mu + C = 0, A = c x d, B = c x b +
// m x d, C = m x b. The root wanted has the sign of the tile's area. First every tile claims the entries of its
// bounding box, the least tile keeps one; then every entry is solved in its tile.
#ifndef LZU_ELEMENTS_PLANE_H
#define LZU_ELEMENTS_PLANE_H

#include <cmath>
#include <cstdint>

#include "elements/inversion.h"

namespace lzu {

constexpr double kTileTolerance = 1e-6;
constexpr double kSmallestArea = 1e-14;
constexpr int32_t kNoTile = INT32_MAX;

struct Vector {
    double x, y;
};

LZU_HD double cross(Vector a, Vector b) { return a.x * b.y - a.y * b.x; }

LZU_HD Vector minus(Vector a, Vector b) { return {a.x - b.x, a.y - b.y}; }

LZU_HD Vector plane_node(const lzu_plane& a, const float* nodes, int i, int j) {
    const float* at = nodes + (static_cast<int64_t>(i) * a.columns + j) * 2;
    return {snapped(at[0], j == 0, j == a.columns - 1), snapped(at[1], i == 0, i == a.rows - 1)};
}

struct Tile {
    Vector p, b, c, d;
    double area, left, right, top, bottom;

    // Neither flat nor without numbers.
    LZU_HD bool usable() const { return fabs(area) >= kSmallestArea && fabs(area) <= 1.7976931348623157e308; }
};

// Tile t of one image's nodes, row-major.
LZU_HD Tile tile_of(const lzu_plane& a, const float* nodes, int t) {
    const int i = t / (a.columns - 1), j = t - i * (a.columns - 1);
    const Vector p00 = plane_node(a, nodes, i, j), p01 = plane_node(a, nodes, i, j + 1);
    const Vector p10 = plane_node(a, nodes, i + 1, j), p11 = plane_node(a, nodes, i + 1, j + 1);
    Tile tile;
    tile.p = p00;
    tile.b = minus(p10, p00);
    tile.c = minus(p01, p00);
    tile.d = {p00.x - p10.x - p01.x + p11.x, p00.y - p10.y - p01.y + p11.y};
    // Half the cross product of the diagonals.
    tile.area = cross(minus(p11, p00), minus(p10, p01)) / 2;
    tile.left = fmin(fmin(p00.x, p01.x), fmin(p10.x, p11.x));
    tile.right = fmax(fmax(p00.x, p01.x), fmax(p10.x, p11.x));
    tile.top = fmin(fmin(p00.y, p01.y), fmin(p10.y, p11.y));
    tile.bottom = fmax(fmax(p00.y, p01.y), fmax(p10.y, p11.y));
    return tile;
}

struct Place {
    double mu, lambda;
    bool inside;
};

// A parameter as it is kept, and whether it lies in the tile; NaN does not.
LZU_HD bool keep(double& v) {
    const bool inside = v >= -kTileTolerance && v <= 1 + kTileTolerance;
    v = clamped(v, 0, 1);
    return inside;
}

LZU_HD Place place(const Tile& t, double x, double y) {
    const Vector m = {t.p.x - x, t.p.y - y};
    const double a = cross(t.c, t.d), b = cross(t.c, t.b) + cross(m, t.d), c = cross(m, t.b);
    const double s = copysign(sqrt(fmax(0.0, b * b - 4 * a * c)), t.area);
    double mu = b * s >= 0 ? -2 * c / (b + s) : (s - b) / (2 * a);
    const bool between = keep(mu);
    const Vector e = {t.b.x + mu * t.d.x, t.b.y + mu * t.d.y};
    double lambda = fabs(e.x) > fabs(e.y) ? -(m.x + mu * t.c.x) / e.x : -(m.y + mu * t.c.y) / e.y;
    const bool inside = keep(lambda) && between;
    // A tile that is folded, or of which a side is a point, has parameters for points that it does not show: without a
    // real root, or by rounding alone.
    const double apart = 2 * kTileTolerance * fmax(1.0, fmax(t.right - t.left, t.bottom - t.top));
    const bool shown = fabs(m.x + mu * t.c.x + lambda * e.x) <= apart && fabs(m.y + mu * t.c.y + lambda * e.y) <= apart;
    return {mu, lambda, inside && shown};
}

struct EntryRange {
    int first, last;

    LZU_HD int count() const { return last < first ? 0 : last - first + 1; }
};

// The entries whose targets may lie in [low, high]; one more at each end, so that rounding loses none. Entries beyond
// the axis count as its last pixel.
LZU_HD EntryRange entries(const lzu_axis_table& t, int count, double low, double high) {
    if (t.extent == 0) return {0, count - 1};
    const double first = ((low + 1) / 2 * t.extent - t.offset) / t.stride;
    const double last = ((high + 1) / 2 * t.extent - t.offset) / t.stride;
    return {static_cast<int>(clamped(ceil(first) - 1, 0, count)),
            high >= 1 - kTileTolerance ? count - 1 : static_cast<int>(clamped(floor(last) + 1, -1, count - 1))};
}

LZU_HD Place place_entry(const lzu_plane& a, const Tile& tile, int i, int j) {
    return place(tile, fmin(target(a.x, j), 1.0), fmin(target(a.y, i), 1.0));
}

// Entry (i, j) as float32 (x, y), from the tile that keeps it.
LZU_HD void write_plane_entry(const lzu_plane& a, const float* nodes, int32_t t, int i, int j, float* to) {
    if (t == kNoTile) {
        to[0] = static_cast<float>(a.x.fill);
        to[1] = static_cast<float>(a.y.fill);
        return;
    }
    const int row = t / (a.columns - 1), column = t - row * (a.columns - 1);
    const Place at = place_entry(a, tile_of(a, nodes, t), i, j);
    const double u = (column + at.mu) / (a.columns - 1), v = (row + at.lambda) / (a.rows - 1);
    to[0] = table_entry(a.x, beyond(a.x, j) ? j : u * a.x.index_scale + a.x.index_shift);
    to[1] = table_entry(a.y, beyond(a.y, i) ? i : v * a.y.index_scale + a.y.index_shift);
}

inline int check(const lzu_plane* a) {
    const bool good = a != nullptr && a->batch >= 0 && a->rows >= 2 && a->columns >= 2 && a->out_height >= 0 &&
                      a->out_width >= 0 && static_cast<int64_t>(a->rows) * a->columns < INT32_MAX &&
                      static_cast<int64_t>(a->out_height) * a->out_width <= INT32_MAX;
    return good ? LZU_OK : LZU_BAD_ARGUMENT;
}

}  // namespace lzu

#endif
