// Every lzu_cuda_* function against its twin on the host, on whatever device there is. The arithmetic is one source; a
// device may fuse a product with a sum, so results agree to rounding, not to the bit.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "expect.h"

namespace {

void require(cudaError_t status, const char* what) {
    if (status == cudaSuccess) return;
    std::printf("CUDA refused %s: %s\n", what, cudaGetErrorString(status));
    std::exit(1);
}

// A device copy of a vector.
template <typename T>
class OnDevice {
  public:
    explicit OnDevice(const std::vector<T>& values) : count_(values.size()) {
        require(cudaMalloc(reinterpret_cast<void**>(&data_), std::max<size_t>(count_, 1) * sizeof(T)), "memory");
        require(cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice), "a copy");
    }
    ~OnDevice() { cudaFree(data_); }
    OnDevice(const OnDevice&) = delete;
    OnDevice& operator=(const OnDevice&) = delete;

    T* get() const { return data_; }

    std::vector<T> read() const {
        std::vector<T> values(count_);
        require(cudaDeviceSynchronize(), "a kernel");
        require(cudaMemcpy(values.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost), "a copy back");
        return values;
    }

  private:
    size_t count_;
    T* data_ = nullptr;
};

using Floats = OnDevice<float>;

// Outputs begin as something that no function writes.
std::vector<float> unwritten(size_t count) { return std::vector<float>(count, 12345.0f); }

void agree(const std::vector<float>& got, const std::vector<float>& wanted, double tolerance, const char* what) {
    double worst = 0;
    for (size_t i = 0; i < wanted.size(); i++) {
        const double difference = std::fabs(static_cast<double>(got[i]) - wanted[i]) / (1 + std::fabs(wanted[i]));
        if (!(difference <= worst)) worst = difference;
    }
    expect_near(worst, 0, tolerance, what);
}

void grid_sample() {
    for (int padding = LZU_ZEROS; padding <= LZU_REFLECTION; padding++) {
        const lzu_grid_sample_args a = {2, 3, 15, 17, 12, 18, LZU_BILINEAR, padding, 1};
        const std::vector<float> x = numbers(2 * 3 * 15 * 17, 0.37), u = numbers(2 * 3 * 12 * 18, 0.91);
        std::vector<float> grid = numbers(2 * 2 * 12 * 18, 0.53), y(u.size()), dx(x.size()), dg(grid.size());
        for (float& g : grid) g *= 1.3f;
        lzu_grid_sample_f32(&a, x.data(), grid.data(), y.data());
        lzu_grid_sample_backward_f32(&a, x.data(), grid.data(), u.data(), dx.data(), dg.data());
        const Floats input(x), points(grid), upstream(u), output(unwritten(y.size())), d_input(unwritten(x.size())),
            d_grid(unwritten(grid.size()));
        expect(lzu_cuda_grid_sample_f32(&a, input.get(), points.get(), output.get(), nullptr) == LZU_OK,
               "CUDA grid_sample: status");
        expect(lzu_cuda_grid_sample_backward_f32(&a, input.get(), points.get(), upstream.get(), d_input.get(),
                                                 d_grid.get(), nullptr) == LZU_OK,
               "CUDA backward: status");
        agree(output.read(), y, 1e-5, "CUDA grid_sample");
        agree(d_input.read(), dx, 1e-5, "CUDA gradient to the input");
        agree(d_grid.read(), dg, 1e-4, "CUDA gradient to the grid");
    }
}

void axis_invert() {
    const std::vector<float> knots = {-1, -0.7f, -0.1f, -0.1f, 0.2f, 0.9999998f, -0.8f, -0.2f, 0, 0.1f, 0.6f, 0.7f};
    const lzu_axis_table table = table_of(301);
    std::vector<float> wanted(602);
    lzu_axis_invert_f32(&table, 2, 6, knots.data(), 301, wanted.data());
    const Floats from(knots), to(unwritten(602));
    expect(lzu_cuda_axis_invert_f32(&table, 2, 6, from.get(), 301, to.get(), nullptr) == LZU_OK,
           "CUDA axis_invert: status");
    agree(to.read(), wanted, 1e-6, "CUDA axis_invert");
}

void levels() {
    const int sides[] = {75, 38, 19, 10, 5, 3, 1, 2}, batch = 2;
    std::vector<std::unique_ptr<Floats>> buffers;
    const auto keep = [&](const std::vector<float>& values) {
        buffers.push_back(std::make_unique<Floats>(values));
        return buffers.back()->get();
    };
    std::vector<std::vector<float>> hosts, outputs;
    std::vector<lzu_level> on_host, on_device;
    for (int k = 0; k < LZU_MAX_LEVELS; k++) {
        // Groups of four, single channels, and rows of several blocks.
        const int channels = k == 2 ? 6 : k == 0 ? 64 : 12, h = sides[k], w = sides[k] + 4;
        const size_t count = static_cast<size_t>(batch * channels * h * w);
        hosts.push_back(numbers(count, 0.11 + k));
        hosts.push_back(numbers(static_cast<size_t>(batch * w), 0.5));
        hosts.push_back(numbers(static_cast<size_t>(h), 0.7));
        outputs.emplace_back(count);
        std::vector<float>&xs = hosts[hosts.size() - 2], &ys = hosts.back();
        for (float& x : xs) x = (x * 1.1f + 1) / 2 * static_cast<float>(w - 1);
        for (float& y : ys) y = (y * 1.1f + 1) / 2 * static_cast<float>(h - 1);
        lzu_level level = {nullptr, nullptr, nullptr, nullptr, batch, channels, h, w, h, w, k % 2, w, 0, 0};
        on_host.push_back(level);
        level.input = keep(hosts[hosts.size() - 3]);
        level.xs = keep(xs);
        level.ys = keep(ys);
        level.output = keep(unwritten(count));
        on_device.push_back(level);
    }
    for (size_t k = 0; k < on_host.size(); k++) {
        on_host[k].input = hosts[3 * k].data();
        on_host[k].xs = hosts[3 * k + 1].data();
        on_host[k].ys = hosts[3 * k + 2].data();
        on_host[k].output = outputs[k].data();
    }
    lzu_unzoom_levels_f32(on_host.data(), LZU_MAX_LEVELS);
    expect(lzu_cuda_unzoom_levels_f32(on_device.data(), LZU_MAX_LEVELS, nullptr) == LZU_OK,
           "CUDA unzoom_levels: status");
    for (size_t k = 0; k < outputs.size(); k++)
        agree(buffers[4 * k + 3]->read(), outputs[k], 1e-5, "CUDA unzoom_levels");
    const Floats alone(unwritten(outputs[0].size()));
    on_device[0].output = alone.get();
    expect(lzu_cuda_separable_sample_f32(&on_device[0], nullptr) == LZU_OK, "CUDA separable_sample: status");
    agree(alone.read(), outputs[0], 1e-5, "CUDA separable_sample");
}

void picture() {
    const int h = 37, w = 53, out_h = 20, out_w = 31;
    const lzu_picture args = {h, w, out_h, out_w, LZU_ZEROS, {0.02f, 0.018f, 0.017f}, {-2, -1.8f, -1.7f}};
    std::vector<uint8_t> pixels(static_cast<size_t>(h * w * 3));
    for (size_t i = 0; i < pixels.size(); i++) pixels[i] = static_cast<uint8_t>(i * 37 % 251);
    std::vector<float> xs = numbers(out_w, 0.3), ys = numbers(out_h, 0.4),
                       wanted(static_cast<size_t>(out_h * out_w * 3));
    for (float& x : xs) x = (x * 1.1f + 1) / 2 * (w - 1);
    for (float& y : ys) y = (y * 1.1f + 1) / 2 * (h - 1);
    lzu_zoom_u8(&args, pixels.data(), xs.data(), ys.data(), wanted.data());
    const OnDevice<uint8_t> from(pixels);
    const Floats columns(xs), rows(ys), to(unwritten(wanted.size()));
    expect(lzu_cuda_zoom_u8(&args, from.get(), columns.get(), rows.get(), to.get(), nullptr) == LZU_OK,
           "CUDA zoom_u8: status");
    agree(to.read(), wanted, 1e-5, "CUDA zoom_u8");
}

void attraction() {
    for (int anti_crop = 0; anti_crop <= 1; anti_crop++) {
        const int batch = 3, h = 31, w = 51, pixels = 960, cells = 75;
        const lzu_attraction args = {13, batch, h, w, anti_crop};
        std::vector<float> saliency = numbers(static_cast<size_t>(batch * h * w), 0.17);
        for (float& s : saliency) s = s * s + 0.01f;
        // The second image has no saliency, the third a bad weight: that is told, and its results mean nothing.
        std::fill(saliency.begin() + h * w, saliency.begin() + 2 * h * w, 0.0f);
        saliency.back() = -1;
        const lzu_axis_table zoom = {1, 0, pixels - 1.0, 1919, 0, 1, 0, -2}, level = level_table(8, 600);
        std::vector<float> knots(static_cast<size_t>(batch * (h + w))), x(batch * pixels), y(batch * cells);
        std::vector<int32_t> valid(batch);
        const lzu_axis_output on_host[] = {{zoom, x.data(), pixels, 0, LZU_EVALUATE, 0},
                                           {level, y.data(), cells, 1, LZU_INVERT, 0}};
        lzu_attraction_axes_f32(&args, saliency.data(), knots.data(), on_host, 2, valid.data());
        const Floats from(saliency), to(unwritten(knots.size())), to_x(unwritten(x.size())), to_y(unwritten(y.size()));
        const OnDevice<int32_t> flags{std::vector<int32_t>(batch, 7)};
        const lzu_axis_output on_device[] = {{zoom, to_x.get(), pixels, 0, LZU_EVALUATE, 0},
                                             {level, to_y.get(), cells, 1, LZU_INVERT, 0}};
        expect(lzu_cuda_attraction_axes_f32(&args, from.get(), to.get(), on_device, 2, flags.get(), nullptr) == LZU_OK,
               "CUDA attraction_axes: status");
        expect(flags.read() == valid && valid[0] == 1 && valid[1] == 1 && valid[2] == 0, "CUDA attraction_axes: valid");
        const auto good = [](std::vector<float> all, size_t each) {
            all.resize(2 * each);
            return all;
        };
        agree(good(to.read(), h + w), good(knots, h + w), 1e-6, "CUDA attraction_axes: knots");
        agree(good(to_x.read(), pixels), good(x, pixels), 1e-6, "CUDA attraction_axes: zoom");
        agree(good(to_y.read(), cells), good(y, cells), 1e-6, "CUDA attraction_axes: level");
    }
}

void density() {
    for (const int boxes : {0, 1, 70}) {
        const int h = 31, w = 51;
        const lzu_density args = {600, 960, 1, 32, 1.0 / 3721, boxes, 5, h, w};
        std::vector<float> corners = numbers(static_cast<size_t>(5 * boxes), 0.77), wanted(static_cast<size_t>(h * w));
        for (float& c : corners) c = c * 500 + 400;
        int32_t valid = -1;
        lzu_kernel_density_f32(&args, corners.data(), wanted.data(), &valid);
        const Floats from(corners), to(unwritten(wanted.size()));
        const OnDevice<int32_t> flag{std::vector<int32_t>{7}};
        expect(lzu_cuda_kernel_density_f32(&args, from.get(), to.get(), flag.get(), nullptr) == LZU_OK,
               "CUDA kernel_density: status");
        std::vector<float> got = to.read();
        // The map sums to 1 over 1581 nodes.
        for (float& v : got) v *= 1000;
        for (float& v : wanted) v *= 1000;
        agree(got, wanted, 1e-5, "CUDA kernel_density");
        expect(flag.read()[0] == 1 && valid == 1, "CUDA kernel_density: valid");
    }
}

void plane() {
    for (const double waves : {0.2, 0.6}) {
        const int batch = 2, rows = 9, columns = 12, h = 75, w = 120;
        std::vector<float> nodes, wanted(static_cast<size_t>(batch * h * w * 2));
        for (int n = 0; n < batch; n++)
            for (int i = 0; i < rows; i++)
                for (int j = 0; j < columns; j++) {
                    const double u = 2.0 * j / (columns - 1) - 1, v = 2.0 * i / (rows - 1) - 1;
                    nodes.push_back(static_cast<float>(u + waves * std::sin((2 + n) * v + u)));
                    nodes.push_back(static_cast<float>(0.9 * v + waves * std::cos((2 + n) * u)));
                }
        const lzu_plane args = {level_table(8, 960), level_table(8, 600), batch, rows, columns, h, w, 0};
        lzu_plane_invert_f32(&args, nodes.data(), wanted.data());
        const Floats from(nodes), to(unwritten(wanted.size()));
        expect(lzu_cuda_plane_invert_f32(&args, from.get(), to.get(), nullptr) == LZU_OK, "CUDA plane_invert: status");
        agree(to.read(), wanted, 1e-5, "CUDA plane_invert");
    }
}

}  // namespace

bool cuda_tests() {
    int devices = 0;
    if (lzu_has_cuda() == 0 || cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) return false;
    grid_sample();
    axis_invert();
    levels();
    picture();
    attraction();
    density();
    plane();
    return true;
}
