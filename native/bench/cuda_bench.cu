// Times of the CUDA kernels at the paper's sizes: a picture of 1200x1920 zoomed to 600x960, five levels of 256 channels
// unzoomed, the tables of both made from 20 boxes. The yardstick for the managed kernels: the same work, hand-written.
// Prints one JSON document. Times are of one call: median and least of the rounds of many calls in a row; cold: one
// call after the second-level cache was overwritten; graph: the same launches replayed as one CUDA graph.
#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "lzu_native.h"

namespace {

constexpr int kHeight = 1200, kWidth = 1920, kZoomedHeight = 600, kZoomedWidth = 960, kChannels = 256;
constexpr int kNodesY = 31, kNodesX = 51, kBoxes = 20, kLevels = 5;
constexpr int kFlushed = 256 << 20;  // bytes: more than any second-level cache

void require(cudaError_t status) {
    if (status == cudaSuccess) return;
    std::fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(status));
    std::exit(1);
}

void require(int32_t status) {
    if (status == LZU_OK) return;
    std::fprintf(stderr, "lzu_native: status %d\n", status);
    std::exit(1);
}

// Memory on the device, of some repeating values. Lives as long as the program.
template <typename T>
T* on_device(size_t count, double scale = 1) {
    std::vector<T> values(count);
    for (size_t i = 0; i < count; i++) values[i] = static_cast<T>(scale * static_cast<double>(i * 37 % 251) / 251);
    T* data = nullptr;
    require(cudaMalloc(reinterpret_cast<void**>(&data), std::max<size_t>(count, 1) * sizeof(T)));
    require(cudaMemcpy(data, values.data(), count * sizeof(T), cudaMemcpyHostToDevice));
    return data;
}

double median(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
}

class Bench {
  public:
    Bench() {
        require(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
        require(cudaEventCreate(&begin_));
        require(cudaEventCreate(&end_));
        require(cudaMalloc(reinterpret_cast<void**>(&flush_), kFlushed));
    }

    cudaStream_t stream() const { return stream_; }

    // bytes: every operand once; 0 where memory is not what bounds it.
    void row(const char* name, int batch, double bytes, const std::function<void()>& work) {
        const Times plain = times(work);
        cudaGraph_t graph;
        cudaGraphExec_t replay;
        require(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
        work();
        require(cudaStreamEndCapture(stream_, &graph));
        require(cudaGraphInstantiateWithFlags(&replay, graph, 0));
        const Times graphed = times([&] { require(cudaGraphLaunch(replay, stream_)); });
        require(cudaGraphExecDestroy(replay));
        require(cudaGraphDestroy(graph));
        char text[512];
        std::snprintf(text, sizeof text,
                      "{\"name\": \"%s\", \"batch\": %d, \"median_ms\": %.6f, \"min_ms\": %.6f, \"cold_ms\": %.6f, "
                      "\"graph_ms\": %.6f, \"graph_cold_ms\": %.6f, \"gb_s\": %.3f, \"cold_gb_s\": %.3f}",
                      name, batch, plain.median, plain.least, plain.cold, graphed.median, graphed.cold,
                      bytes / plain.median / 1e6, bytes / plain.cold / 1e6);
        rows_.push_back(text);
    }

    void print() const {
        int device = 0, driver = 0, runtime = 0;
        cudaDeviceProp properties;
        require(cudaGetDevice(&device));
        require(cudaGetDeviceProperties(&properties, device));
        require(cudaDriverGetVersion(&driver));
        require(cudaRuntimeGetVersion(&runtime));
        std::printf("{\n \"schema\": \"lzu.native/1\",\n \"device\": \"%s\",\n", properties.name);
        std::printf(" \"cuda_driver\": %d,\n \"cuda_runtime\": %d,\n \"rows\": [\n", driver, runtime);
        for (size_t i = 0; i < rows_.size(); i++)
            std::printf("  %s%s\n", rows_[i].c_str(), i + 1 < rows_.size() ? "," : "");
        std::printf(" ]\n}\n");
    }

  private:
    struct Times {
        double median, least, cold;
    };

    double milliseconds(const std::function<void()>& work, int calls) {
        require(cudaEventRecord(begin_, stream_));
        for (int i = 0; i < calls; i++) work();
        require(cudaEventRecord(end_, stream_));
        require(cudaEventSynchronize(end_));
        float elapsed = 0;
        require(cudaEventElapsedTime(&elapsed, begin_, end_));
        return elapsed;
    }

    Times times(const std::function<void()>& work) {
        milliseconds(work, 3);
        const int calls = static_cast<int>(std::min(1000.0, std::max(1.0, 5 / std::max(1e-4, milliseconds(work, 1)))));
        std::vector<double> rounds, cold;
        for (int i = 0; i < 20; i++) rounds.push_back(milliseconds(work, calls) / calls);
        for (int i = 0; i < 20; i++) {
            require(cudaMemsetAsync(flush_, i, kFlushed, stream_));
            cold.push_back(milliseconds(work, 1));
        }
        return {median(rounds), *std::min_element(rounds.begin(), rounds.end()), median(cold)};
    }

    cudaStream_t stream_;
    cudaEvent_t begin_, end_;
    uint8_t* flush_;
    std::vector<std::string> rows_;
};

// A warp's tables on the device, with what makes them.
struct Warp {
    float *boxes, *saliency, *knots;
    int32_t* valid;
    lzu_density density = {kHeight, kWidth, 1, 64, 1.0 / (61 * 61), kBoxes, 4, kNodesY, kNodesX};
    lzu_attraction attraction = {13, 1, kNodesY, kNodesX, 1};
    std::vector<lzu_axis_output> tables;

    Warp() {
        std::vector<float> corners;
        for (int b = 0; b < kBoxes; b++) {
            const float x = static_cast<float>(b * 389 % 1700), y = static_cast<float>(300 + b * 211 % 600);
            corners.insert(corners.end(),
                           {x, y, x + 40 + 7 * static_cast<float>(b), y + 30 + 5 * static_cast<float>(b)});
        }
        boxes = on_device<float>(corners.size());
        require(cudaMemcpy(boxes, corners.data(), corners.size() * sizeof(float), cudaMemcpyHostToDevice));
        saliency = on_device<float>(kNodesX * kNodesY);
        knots = on_device<float>(kNodesX + kNodesY);
        valid = on_device<int32_t>(2);
        add({1, 0, kZoomedWidth - 1, kWidth - 1, 0, 1, 0, -2}, kZoomedWidth, 0, LZU_EVALUATE);
        add({1, 0, kZoomedHeight - 1, kHeight - 1, 0, 1, 0, -2}, kZoomedHeight, 1, LZU_EVALUATE);
        for (int k = 0; k < kLevels; k++) {
            const double s = 8 << k, offset = (s - 1) / 2;
            for (int axis = 0; axis < 2; axis++) {
                const int size = axis == 0 ? kZoomedWidth : kZoomedHeight;
                add({s, offset, size - 1.0, (size - 1) / s, -offset / s, 1, 0, -2}, cells(k, size), axis, LZU_INVERT);
            }
        }
    }

    static int cells(int level, int size) { return (size + (8 << level) - 1) / (8 << level); }

    void add(const lzu_axis_table& table, int count, int axis, int kind) {
        tables.push_back({table, on_device<float>(static_cast<size_t>(count)), count, axis, kind, 0});
    }

    void densities(cudaStream_t s) const { require(lzu_cuda_kernel_density_f32(&density, boxes, saliency, valid, s)); }

    void axes(cudaStream_t s) const {
        require(lzu_cuda_attraction_axes_f32(&attraction, saliency, knots, tables.data(),
                                             static_cast<int32_t>(tables.size()), valid + 1, s));
    }
};

}  // namespace

int main() {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::fprintf(stderr, "there is no CUDA device\n");
        return 77;
    }
    Bench bench;
    const cudaStream_t s = bench.stream();
    const Warp warp;
    bench.row("20 boxes to saliency 31x51", 1, 0, [&] { warp.densities(s); });
    bench.row("saliency 31x51 to tables", 1, 0, [&] { warp.axes(s); });
    for (const int batch : {1, 8}) {
        const size_t picture = static_cast<size_t>(3) * kHeight * kWidth,
                     zoomed = static_cast<size_t>(3) * kZoomedHeight * kZoomedWidth;
        const size_t many = static_cast<size_t>(batch);
        const lzu_level zoom = {on_device<float>(many * picture),
                                warp.tables[0].output,
                                warp.tables[1].output,
                                on_device<float>(many * zoomed),
                                batch,
                                3,
                                kHeight,
                                kWidth,
                                kZoomedHeight,
                                kZoomedWidth,
                                LZU_ZEROS,
                                0,
                                0,
                                0};
        std::vector<lzu_level> levels;
        double values = 0;
        for (int k = 0; k < kLevels; k++) {
            const int h = Warp::cells(k, kZoomedHeight), w = Warp::cells(k, kZoomedWidth);
            const size_t count = many * static_cast<size_t>(h * w * kChannels), table = static_cast<size_t>(2 + 2 * k);
            values += static_cast<double>(count);
            levels.push_back({on_device<float>(count), warp.tables[table].output, warp.tables[table + 1].output,
                              on_device<float>(count), batch, kChannels, h, w, h, w, LZU_ZEROS, 0, 0, 0});
        }
        // A zoom to half the sides reads about all of the picture.
        const double zoom_bytes = 4.0 * batch * static_cast<double>(picture + zoomed), unzoom_bytes = 8 * values;
        const auto zooms = [&] { require(lzu_cuda_separable_sample_f32(&zoom, s)); };
        const auto unzooms = [&] { require(lzu_cuda_unzoom_levels_f32(levels.data(), kLevels, s)); };
        bench.row("zoom 3x1200x1920 to 600x960", batch, zoom_bytes, zooms);
        bench.row("unzoom five levels of 256", batch, unzoom_bytes, unzooms);
        bench.row("unzoom five levels of 256, five launches", batch, unzoom_bytes, [&] {
            for (const lzu_level& level : levels) require(lzu_cuda_separable_sample_f32(&level, s));
        });
        bench.row("fixed: zoom, unzoom", batch, zoom_bytes + unzoom_bytes, [&] {
            zooms();
            unzooms();
        });
        bench.row("adaptive: boxes, tables, zoom, unzoom", batch, zoom_bytes + unzoom_bytes, [&] {
            warp.densities(s);
            warp.axes(s);
            zooms();
            unzooms();
        });
        if (batch > 1) continue;
        const lzu_picture bytes = {kHeight,     kWidth, kZoomedHeight, kZoomedWidth, LZU_ZEROS, {0.02f, 0.02f, 0.02f},
                                   {-2, -2, -2}};
        const uint8_t* pixels = on_device<uint8_t>(picture, 255);
        bench.row("zoom bytes 3x1200x1920 to 600x960", 1, static_cast<double>(picture + 4 * zoomed), [&] {
            require(lzu_cuda_zoom_u8(&bytes, pixels, warp.tables[0].output, warp.tables[1].output, zoom.output, s));
        });
        const lzu_grid_sample_args dense = {1,         3, kHeight, kWidth, kZoomedHeight, kZoomedWidth, LZU_BILINEAR,
                                            LZU_ZEROS, 1};
        std::vector<float> nodes, grid;
        for (int i = 0; i < kZoomedHeight; i++)
            for (int j = 0; j < kZoomedWidth; j++) {
                grid.push_back(2.0f * static_cast<float>(j) / (kZoomedWidth - 1) - 1);
                grid.push_back(2.0f * static_cast<float>(i) / (kZoomedHeight - 1) - 1);
            }
        float* points = on_device<float>(grid.size());
        require(cudaMemcpy(points, grid.data(), grid.size() * sizeof(float), cudaMemcpyHostToDevice));
        bench.row("grid_sample 3x1200x1920 to 600x960", 1, zoom_bytes + 8.0 * kZoomedHeight * kZoomedWidth,
                  [&] { require(lzu_cuda_grid_sample_f32(&dense, zoom.input, points, zoom.output, s)); });
        for (int i = 0; i < kNodesY; i++)
            for (int j = 0; j < kNodesX; j++) {
                const double u = 2.0 * j / (kNodesX - 1) - 1, v = 2.0 * i / (kNodesY - 1) - 1;
                nodes.push_back(static_cast<float>(u + 0.1 * (1 - u * u) * std::sin(2 * v)));
                nodes.push_back(static_cast<float>(v + 0.1 * (1 - v * v) * std::cos(2 * u)));
            }
        float* from = on_device<float>(nodes.size());
        require(cudaMemcpy(from, nodes.data(), nodes.size() * sizeof(float), cudaMemcpyHostToDevice));
        const lzu_plane plane = {{1, 0, kZoomedWidth - 1, 1, 0, 2, -1, 3},
                                 {1, 0, kZoomedHeight - 1, 1, 0, 2, -1, 3},
                                 1,
                                 kNodesY,
                                 kNodesX,
                                 kZoomedHeight,
                                 kZoomedWidth,
                                 0};
        bench.row("plane inverse 31x51 at 600x960", 1, 0,
                  [&] { require(lzu_cuda_plane_invert_f32(&plane, from, points, s)); });
    }
    bench.print();
    return 0;
}
