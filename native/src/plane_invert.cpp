// Host loop of the nonseparable inversion.
#include <vector>

#include "elements/plane.h"

int32_t lzu_plane_invert_f32(const lzu_plane* args, const float* nodes, float* output) {
    if (lzu::check(args) != LZU_OK || !nodes || !output) return LZU_BAD_ARGUMENT;
    const lzu_plane a = *args;
    const int tiles = (a.rows - 1) * (a.columns - 1);
    const int64_t count = static_cast<int64_t>(a.out_height) * a.out_width;
    for (int n = 0; n < a.batch; n++, nodes += static_cast<int64_t>(a.rows) * a.columns * 2, output += count * 2) {
        std::vector<int32_t> keeper(static_cast<size_t>(count), lzu::kNoTile);
        for (int t = 0; t < tiles; t++) {
            const lzu::Tile tile = lzu::tile_of(a, nodes, t);
            if (!tile.usable()) continue;
            const lzu::EntryRange columns = lzu::entries(a.x, a.out_width, tile.left, tile.right);
            const lzu::EntryRange rows = lzu::entries(a.y, a.out_height, tile.top, tile.bottom);
            for (int i = rows.first; i <= rows.last; i++)
                for (int j = columns.first; j <= columns.last; j++) {
                    int32_t& keeps =
                        keeper[static_cast<size_t>(i) * static_cast<size_t>(a.out_width) + static_cast<size_t>(j)];
                    if (keeps == lzu::kNoTile && lzu::place_entry(a, tile, i, j).inside) keeps = t;
                }
        }
        for (int i = 0; i < a.out_height; i++)
            for (int j = 0; j < a.out_width; j++) {
                const int64_t at = static_cast<int64_t>(i) * a.out_width + j;
                lzu::write_plane_entry(a, nodes, keeper[static_cast<size_t>(at)], i, j, output + at * 2);
            }
    }
    return LZU_OK;
}
