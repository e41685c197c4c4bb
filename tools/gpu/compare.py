#!/usr/bin/env python3
"""PyTorch's times for what `lzu bench` measures: the warp, RetinaNet-R50-FPN, a training step, and the machine's own limits.

The network and the warps are written here with torch alone (no torchvision), as one who wants them fast would: folded batch
norms, channels-last, TF32 or bfloat16, torch.compile, CUDA graphs; the plain form is measured beside them. Weights are random.
Times are CUDA events around enough calls to fill 5 ms, the median of the rounds. A warp's arrays fit a large second-level cache,
so its rows also have `cold_ms`: one call after that cache was overwritten. Results are written after every row, so a run that
is cut off keeps what it had.

    python3 compare.py --out results/pytorch.json              # everything, as long as it takes
    python3 compare.py --part warp,adaptive --seconds 60
    python3 compare.py --device cpu --tiny                     # does it run at all
"""
import argparse
import datetime
import gc
import importlib
import itertools
import json
import math
import platform
import statistics
import subprocess
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

PLAIN = ("eager", "channels_last", "graph")
COMPILED = ("compile", "compile_graph")
PARTS = ("machine", "warp", "adaptive", "retinanet", "train")
STRIDES = (8, 16, 32, 64, 128)
GRID = (31, 51)  # nodes of the saliency: rows, columns
FWHM = 13.0  # grid cells
BOXES = 20  # of a frame, for the adaptive warp
OUTSIDE = -2.0  # a pixel index outside of every axis


# --- The warp. Coordinates normalised to the centres of the first and last pixel; knots [N, n] ascend from -1 to 1. -----------------


def kernel_density(boxes, image, grid, bandwidth):
    """boxes [N, m, 4] (left, top, right, bottom) to saliency [N, h, w] that sums to 1."""
    (h, w), (height, width) = grid, image
    floor = 1.0 / (2 * (min(h, w) - 1) + 1) ** 2
    x = torch.linspace(0, width, w, device=boxes.device)
    y = torch.linspace(0, height, h, device=boxes.device)
    left, top, right, bottom = (side.unsqueeze(-1) for side in boxes.unbind(-1))
    gx = torch.exp(-0.5 * (x - (left + right) / 2) ** 2 / (bandwidth * (right - left).clamp(min=1)))
    gy = torch.exp(-0.5 * (y - (top + bottom) / 2) ** 2 / (bandwidth * (bottom - top).clamp(min=1)))
    share = 1 / (1e-5 + gx.sum(-1) * gy.sum(-1))
    density = torch.einsum("nm,nmh,nmw->nhw", share, gy, gx) + floor * boxes.shape[1]
    return density / density.sum((1, 2), keepdim=True)


def attract(marginal, kernel):
    """A marginal [N, n] to knots [N, n], with the saliency mirrored at the ends."""
    n, p = marginal.shape[1], kernel.shape[-1] // 2
    padded = F.pad(marginal.unsqueeze(1), (p, p), mode="reflect")
    at = torch.arange(-p, n + p, device=marginal.device, dtype=marginal.dtype)
    sums = F.conv1d(torch.cat((padded * at, padded)), kernel)
    moment, mass = sums.squeeze(1).chunk(2)
    knots = (2 * moment / (mass * (n - 1)) - 1).clamp(-1, 1)
    # Exactly: in float32 the far end comes out as 0.9999998.
    return torch.cat((torch.full_like(knots[:, :1], -1), knots[:, 1:-1], torch.full_like(knots[:, :1], 1)), 1)


def gaussian(grid, device):
    p = min(grid) - 1
    t = torch.arange(-p, p + 1, device=device, dtype=torch.float32)
    return torch.exp(-4 * math.log(2) * t * t / FWHM**2).view(1, 1, -1)


def knots_of(saliency, kernel):
    return attract(saliency.sum(1), kernel), attract(saliency.sum(2), kernel)


def evaluate(knots, count):
    """The map at `count` equally spaced parameters: [N, count]."""
    n = knots.shape[1]
    at = torch.linspace(0, n - 1, count, device=knots.device)
    tile = at.floor().clamp(max=n - 2)
    lower = tile.long()
    return torch.lerp(knots[:, lower], knots[:, lower + 1], at - tile)


def invert(knots, targets):
    """The parameter in [0, 1] that the map takes to targets [m]: [N, m]."""
    n = knots.shape[1]
    wanted = targets.expand(knots.shape[0], -1).contiguous()
    tile = (torch.searchsorted(knots, wanted, right=True) - 1).clamp(0, n - 2)
    from_, to = knots.gather(1, tile), knots.gather(1, tile + 1)
    return (tile + ((wanted - from_) / (to - from_)).clamp(0, 1)) / (n - 1)


def level_axis(knots, cells, stride, size):
    """Where a level's cells read along one axis, as grid_sample without align_corners wants it. Cells beyond the image stay."""
    cell = torch.arange(cells, device=knots.device, dtype=torch.float32)
    offset, extent = (stride - 1) / 2, size - 1
    pixel = cell * stride + offset
    index = (invert(knots, ((2 * pixel - extent) / extent).clamp(max=1)) * extent - offset) / stride
    return (2 * torch.where(pixel > extent, cell, index) + 1) / cells - 1


def dense(x, y):
    """Two axes [N, w] and [N, h] to the grid [N, h, w, 2] that grid_sample reads."""
    n, w, h = x.shape[0], x.shape[1], y.shape[1]
    return torch.stack((x.unsqueeze(1).expand(n, h, w), y.unsqueeze(2).expand(n, h, w)), -1)


def grids_of(x_knots, y_knots, zoomed, shapes):
    zoom = dense(evaluate(x_knots, zoomed[1]), evaluate(y_knots, zoomed[0]))
    unzoom = [
        dense(level_axis(x_knots, w, stride, zoomed[1]), level_axis(y_knots, h, stride, zoomed[0]))
        for stride, (h, w) in zip(STRIDES, shapes)
    ]
    return zoom, unzoom


def sample(image, grid, align_corners):
    return F.grid_sample(image, grid, mode="bilinear", padding_mode="zeros", align_corners=align_corners)


def zoom_and_unzoom(image, levels, grids):
    zoom, unzoom = grids
    return [sample(image, zoom, True)] + [sample(level, grid, False) for level, grid in zip(levels, unzoom)]


def level_shapes(size):
    return [(-(-size[0] // s), -(-size[1] // s)) for s in STRIDES]


def round_trip_pixels(x_knots, width):
    """How far a coordinate is off after the map and its inverse, in pixels: what bench warp checks before it measures."""
    there = evaluate(x_knots[:1], width)[0]
    back = invert(x_knots[:1], there)
    return ((back - torch.linspace(0, 1, width, device=back.device)).abs().max() * (width - 1)).item()


# --- The network ------------------------------------------------------------------------------------------------------------------


class Bottleneck(nn.Module):
    def __init__(self, channels, planes, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = nn.Conv2d(planes, 4 * planes, 1, bias=False), nn.BatchNorm2d(4 * planes)
        self.down = None
        if stride != 1 or channels != 4 * planes:
            self.down = nn.Sequential(nn.Conv2d(channels, 4 * planes, 1, stride, bias=False), nn.BatchNorm2d(4 * planes))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        return F.relu(self.bn3(self.conv3(y)) + (x if self.down is None else self.down(x)), inplace=True)


class RetinaNet(nn.Module):
    """ResNet-50, FPN P3 to P7 (P6 from C5), one head of 9 anchors and 8 classes for all levels."""

    def __init__(self, blocks=(3, 4, 6, 3), width=64, features=256, classes=8):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        channels, stages, outputs = width, [], []
        for k, count in enumerate(blocks):
            planes = width << k
            stage = [Bottleneck(channels if i == 0 else 4 * planes, planes, 2 if i == 0 and k > 0 else 1) for i in range(count)]
            stages.append(nn.Sequential(*stage))
            channels = 4 * planes
            outputs.append(channels)
        self.stages = nn.ModuleList(stages)
        self.laterals = nn.ModuleList(nn.Conv2d(c, features, 1) for c in outputs[1:])
        self.outputs = nn.ModuleList(nn.Conv2d(features, features, 3, padding=1) for _ in outputs[1:])
        self.p6 = nn.Conv2d(outputs[-1], features, 3, 2, 1)
        self.p7 = nn.Conv2d(features, features, 3, 2, 1)
        self.class_tower, self.box_tower = self.tower(features), self.tower(features)
        self.class_output = nn.Conv2d(features, 9 * classes, 3, padding=1)
        self.box_output = nn.Conv2d(features, 9 * 4, 3, padding=1)

    @staticmethod
    def tower(features):
        return nn.Sequential(*(m for _ in range(4) for m in (nn.Conv2d(features, features, 3, padding=1), nn.ReLU(inplace=True))))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 3, 2, 1)
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        merged = [lateral(level) for lateral, level in zip(self.laterals, levels[1:])]
        for k in range(len(merged) - 1, 0, -1):
            merged[k - 1] = merged[k - 1] + F.interpolate(merged[k], size=merged[k - 1].shape[-2:], mode="nearest")
        pyramid = [output(level) for output, level in zip(self.outputs, merged)]
        pyramid.append(self.p6(levels[-1]))
        pyramid.append(self.p7(pyramid[-1]))
        return [self.class_output(self.class_tower(p)) for p in pyramid], [self.box_output(self.box_tower(p)) for p in pyramid]


def fold_norms(module):
    """Folds every batch norm into the convolution before it. Inference only."""
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    for owner in list(module.modules()):
        children = dict(owner.named_children())
        pairs = [(f"conv{k}", f"bn{k}") for k in (1, 2, 3)] + [("0", "1")]
        for conv, norm in pairs:
            if isinstance(children.get(conv), nn.Conv2d) and isinstance(children.get(norm), nn.BatchNorm2d):
                setattr(owner, conv, fuse_conv_bn_eval(children[conv], children[norm]))
                setattr(owner, norm, nn.Identity())
    return module


def focal_loss(logits, targets):
    probability = torch.sigmoid(logits)
    right = probability * targets + (1 - probability) * (1 - targets)
    weight = (0.25 * targets + 0.75 * (1 - targets)) * (1 - right) ** 2
    return (weight * F.binary_cross_entropy_with_logits(logits, targets, reduction="none")).sum()


# --- Measuring --------------------------------------------------------------------------------------------------------------------


class OutOfTime(Exception):
    pass


class Bench:
    def __init__(self, args):
        self.args, self.device, self.rows, self.skipped = args, torch.device(args.device), [], []
        self.cuda = self.device.type == "cuda"
        self.deadline = time.monotonic() + args.seconds
        self.checks = {}
        self.now = ()  # the variants that this pass measures
        # More than any second-level cache.
        self.flush_buffer = torch.empty(64 << 20, dtype=torch.int32, device=self.device) if self.cuda else None

    def left(self):
        return self.deadline - time.monotonic()

    def synchronize(self):
        if self.cuda:
            torch.cuda.synchronize()

    def seconds(self, work, calls):
        """Of `calls` calls together."""
        if not self.cuda:
            start = time.perf_counter()
            for _ in range(calls):
                work()
            return time.perf_counter() - start
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(calls):
            work()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1e3

    def times(self, work, cold):
        """Median and least milliseconds of a call, rounds, and the median of a call on a cold cache."""
        if self.left() < 0:
            raise OutOfTime
        for _ in range(3):
            work()
        self.synchronize()
        once = max(self.seconds(work, 1), 1e-7)
        calls = max(1, min(1000, math.ceil(5e-3 / once)))
        budget = 0.02 if self.args.tiny else min(1.0, max(0.2, self.left() / 60))
        rounds, until = [], time.monotonic() + budget
        while len(rounds) < 3 or (len(rounds) < 50 and time.monotonic() < until):
            rounds.append(self.seconds(work, calls) / calls * 1e3)
        cold_rounds = []
        if cold and self.cuda:
            for _ in range(20):
                self.flush_buffer.zero_()
                cold_rounds.append(self.seconds(work, 1) * 1e3)
        return statistics.median(rounds), min(rounds), len(rounds), statistics.median(cold_rounds) if cold_rounds else None

    def graphed(self, work):
        """The same work as one CUDA graph, replayed."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                work()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            kept = work()

        def replay():
            graph.replay()
            return kept

        return replay

    def row(self, part, name, variant, precision, batch, make, size=None, moved_bytes=None, flops=None, cold=False):
        """Measures make()(), or says why not."""
        label = dict(part=part, name=name, variant=variant, precision=precision, batch=batch, size=size)
        if variant not in self.now or (self.args.variants and variant not in self.args.variants):
            return
        try:
            if self.left() < 0:
                raise OutOfTime
            if variant.endswith("graph") and not self.cuda:
                raise NotImplementedError("CUDA graphs need CUDA")
            if variant.startswith("compile") and not hasattr(torch, "compile"):
                raise NotImplementedError("this PyTorch has no torch.compile")
            use_tf32(precision == "tf32")
            if variant in COMPILED:
                # Else a second shape would be compiled for any shape.
                importlib.import_module("torch._dynamo").reset()
            median, least, rounds, cold_ms = self.times(make(), cold)
        except OutOfTime:
            self.skip(label, "out of time")
        except NotImplementedError as error:
            self.skip(label, str(error))
        except Exception as error:  # a variant that fails must not lose the others' times
            self.skip(label, f"failed: {type(error).__name__}: {str(error).splitlines()[0][:300] if str(error) else ''}", failed=True)
        else:
            row = dict(label, median_ms=median, min_ms=least, rounds=rounds)
            if cold_ms is not None:
                row["cold_ms"] = cold_ms
            if moved_bytes:
                row["gb_s"] = moved_bytes / median / 1e6
                if cold_ms is not None:
                    row["cold_gb_s"] = moved_bytes / cold_ms / 1e6
            if flops:
                row["tflops"] = flops / median / 1e9
            self.rows.append(row)
            print(f"{part:10} {name:34} {variant:14} {precision:9} batch {batch}  {median:10.4f} ms", flush=True)
        finally:
            if self.cuda:
                gc.collect()
                torch.cuda.empty_cache()
            self.write()

    def skip(self, label, reason, failed=False):
        self.skipped.append(dict(label, reason=reason, failed=failed))
        print(f"{label['part']:10} {label['name']:34} {label['variant']:14} {label['precision']:9} batch {label['batch']}  {reason}", flush=True)

    def write(self):
        if not self.args.out:
            return
        properties = torch.cuda.get_device_properties(self.device) if self.cuda else None
        document = {
            "schema": "lzu.pytorch/1",
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "device": properties.name if properties else platform.processor() or "cpu",
            "memory_gib": round(properties.total_memory / 2**30, 1) if properties else None,
            "driver": driver() if self.cuda else None,
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version() if self.cuda else None,
            "python": platform.python_version(),
            "tiny": self.args.tiny,
            "checks": self.checks,
            "rows": self.rows,
            "skipped": self.skipped,
        }
        with open(self.args.out, "w") as file:
            json.dump(document, file, indent=1)
            file.write("\n")


def use_tf32(on):
    try:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = on
    except (AttributeError, RuntimeError):  # the names since PyTorch 2.9
        torch.backends.cuda.matmul.fp32_precision = torch.backends.cudnn.conv.fp32_precision = "tf32" if on else "ieee"


_driver = None


def driver():
    global _driver
    if _driver is None:
        try:
            _driver = subprocess.run(
                ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], capture_output=True, text=True, timeout=30
            ).stdout.splitlines()[0].strip()
        except (OSError, subprocess.SubprocessError, IndexError):
            _driver = "unknown"
    return _driver


# --- Parts ------------------------------------------------------------------------------------------------------------------------


def machine(bench):
    elements = (1 if bench.args.tiny else 256) << 20
    source = torch.ones(elements, dtype=torch.float32, device=bench.device)
    target = torch.empty_like(source)
    bench.row("machine", "copy, device to device", "eager", "float32", 1, lambda: lambda: target.copy_(source), moved_bytes=8 * elements)
    del source, target
    n = 256 if bench.args.tiny else 8192
    for precision, dtype in (("bf16", torch.bfloat16), ("tf32", torch.float32), ("float32", torch.float32)):
        a, b = (torch.randn(n, n, device=bench.device).to(dtype) for _ in range(2))
        bench.row("machine", f"matmul {n}x{n}x{n}", "eager", precision, 1, lambda: lambda: a @ b, flops=2 * n**3)


def zoomed_size(bench):
    return (64, 96) if bench.args.tiny else (600, 960)


def warp_inputs(bench, batch):
    """A picture of twice the sides, and five levels of features."""
    zoomed, features = zoomed_size(bench), 8 if bench.args.tiny else 256
    image = torch.rand(batch, 3, 2 * zoomed[0], 2 * zoomed[1], device=bench.device)
    levels = [torch.rand(batch, features, h, w, device=bench.device) for h, w in level_shapes(zoomed)]
    return image, levels


def warp_bytes(image, levels, zoomed):
    """Every operand once, as bench warp counts it: grids are not counted, since a separable warp needs none."""
    return 4 * (image.numel() + image.shape[0] * 3 * zoomed[0] * zoomed[1] + 2 * sum(level.numel() for level in levels))


def random_boxes(bench, batch):
    height, width = (2 * side for side in zoomed_size(bench))
    corner = torch.rand(batch, BOXES, 2, device=bench.device) * torch.tensor([0.9 * width, 0.9 * height], device=bench.device)
    side = torch.rand(batch, BOXES, 2, device=bench.device) * torch.tensor([0.1 * width, 0.1 * height], device=bench.device)
    return torch.cat((corner, corner + side), -1)


def variants_of(bench, work, image, levels):
    """(name, what makes the work) of a warp: the plain form, then faster ones."""
    last = [t.contiguous(memory_format=torch.channels_last) for t in (image, *levels)]

    def channels_last():
        return work(last[0], last[1:])

    return (
        ("eager", lambda: lambda: work(image, levels)),
        ("channels_last", lambda: channels_last),
        ("graph", lambda: bench.graphed(channels_last)),
        ("compile", lambda: compiled(work, last)),
        ("compile_graph", lambda: bench.graphed(compiled(work, last))),
    )


def compiled(work, tensors):
    function = torch.compile(work)
    return lambda: function(tensors[0], tensors[1:])


def warp(bench):
    """A fixed warp: its grids are made once."""
    zoomed = zoomed_size(bench)
    original = (2 * zoomed[0], 2 * zoomed[1])
    for batch in bench.args.batch:
        image, levels = warp_inputs(bench, batch)
        saliency = kernel_density(random_boxes(bench, 1), original, GRID, 64 * original[1] / 1920)
        x, y = knots_of(saliency, gaussian(GRID, bench.device))
        bench.checks["round_trip_pixels"] = round_trip_pixels(x, zoomed[1])
        grids = grids_of(x.expand(batch, -1), y.expand(batch, -1), zoomed, level_shapes(zoomed))
        grids = grids[0].contiguous(), [g.contiguous() for g in grids[1]]
        bench.checks["zoomed_ones"] = sample(torch.ones_like(image[:1, :1]), grids[0][:1], True).min().item()

        def both(picture, pyramid):
            return zoom_and_unzoom(picture, pyramid, grids)

        for variant, make in variants_of(bench, both, image, levels):
            bench.row("warp", "fixed: zoom, unzoom five levels", variant, "float32", batch, make, list(zoomed), warp_bytes(image, levels, zoomed), cold=True)


def adaptive(bench):
    """Boxes to saliency, grids and inverses, zoom and unzoom: all of it for every frame."""
    zoomed = zoomed_size(bench)
    original, shapes = (2 * zoomed[0], 2 * zoomed[1]), level_shapes(zoomed)
    kernel = gaussian(GRID, bench.device)
    for batch in bench.args.batch:
        image, levels = warp_inputs(bench, batch)
        boxes = random_boxes(bench, batch)

        def grids():
            return grids_of(*knots_of(kernel_density(boxes, original, GRID, 64 * original[1] / 1920), kernel), zoomed, shapes)

        def all_of_it(picture, pyramid):
            return zoom_and_unzoom(picture, pyramid, grids())

        for variant, make in variants_of(bench, all_of_it, image, levels):
            bench.row("adaptive", "boxes, grids, zoom, unzoom", variant, "float32", batch, make, list(zoomed), warp_bytes(image, levels, zoomed), cold=True)
        bench.row("adaptive", "boxes, grids", "eager", "float32", batch, lambda: grids, list(zoomed))
        bench.row("adaptive", "boxes, grids", "graph", "float32", batch, lambda: bench.graphed(grids), list(zoomed))


def network(bench):
    torch.manual_seed(1)
    model = RetinaNet((1, 1, 1, 1), 8, 8) if bench.args.tiny else RetinaNet()
    return model.to(bench.device).eval()


def sizes_of(bench):
    return [(64, 96)] if bench.args.tiny else bench.args.size


def retinanet(bench):
    """The forward pass alone. The plain form keeps its batch norms; the others fold them."""
    dtypes = {"float32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}
    for size, batch, precision in itertools.product(sizes_of(bench), bench.args.batch, bench.args.precision):
        dtype = dtypes[precision]
        image = torch.randn(batch, 3, *size, device=bench.device, dtype=dtype)
        last = image.contiguous(memory_format=torch.channels_last)
        plain = network(bench).to(dtype)
        folded = fold_norms(network(bench)).to(dtype).to(memory_format=torch.channels_last)

        def inference(model, picture):
            def run():
                with torch.no_grad():
                    return model(picture)

            return run

        def make_compiled():
            return inference(torch.compile(folded), last)

        for variant, make in (
            ("eager", lambda: inference(plain, image)),
            ("channels_last", lambda: inference(folded, last)),
            ("graph", lambda: bench.graphed(inference(folded, last))),
            ("compile", make_compiled),
            ("compile_graph", lambda: bench.graphed(make_compiled())),
        ):
            bench.row("retinanet", "retinanet r50 fpn, forward", variant, precision, batch, make, list(size))


def train(bench):
    """Forward, focal and L1 loss against random targets, backward, SGD with momentum. Batch norms use their running statistics, as detectors are trained; their
    scales and shifts learn. bf16 is autocast over float32 weights. Matching of anchors is not part of it."""
    for size, batch, precision in itertools.product(sizes_of(bench)[:1], bench.args.batch, bench.args.precision):
        image = torch.randn(batch, 3, *size, device=bench.device)

        def step_of(channels_last, compile_it):
            model = network(bench)
            picture = image
            if channels_last:
                model = model.to(memory_format=torch.channels_last)
                picture = image.contiguous(memory_format=torch.channels_last)
            with torch.no_grad():
                logits, deltas = model(picture)
            positive = [(torch.rand_like(level) < 1e-3).to(level.dtype) for level in logits]
            wanted = [torch.randn_like(level) for level in deltas]
            optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=0.9, weight_decay=1e-4)

            def loss_of(picture):
                with torch.autocast(bench.device.type, torch.bfloat16, enabled=precision == "bf16"):
                    logits, deltas = model(picture)
                classes = sum(focal_loss(level.float(), targets) for level, targets in zip(logits, positive))
                boxes = sum(F.smooth_l1_loss(level.float(), targets) for level, targets in zip(deltas, wanted))
                return classes / 1000 + boxes

            loss_function = torch.compile(loss_of) if compile_it else loss_of

            def step():
                optimizer.zero_grad(set_to_none=True)
                loss = loss_function(picture)
                loss.backward()
                optimizer.step()
                return loss

            return step

        for variant, make in (
            ("eager", lambda: step_of(False, False)),
            ("channels_last", lambda: step_of(True, False)),
            ("graph", lambda: bench.graphed(step_of(True, False))),
            ("compile", lambda: step_of(True, True)),
            ("compile_graph", lambda: bench.graphed(step_of(True, True))),
        ):
            bench.row("train", "retinanet r50 fpn, training step", variant, precision, batch, make, list(size))


def size(text):
    height, width = text.split("x")
    return int(height), int(width)


def words(text):
    return text.split(",")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", type=words, default=list(PARTS), help="of " + ",".join(PARTS))
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no measurement after this long")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch", type=lambda text: [int(b) for b in words(text)], default=[1, 8])
    parser.add_argument("--size", type=lambda text: [size(s) for s in words(text)], default=[(600, 960), (1200, 1920)], help="of the network's input")
    parser.add_argument("--precision", type=words, default=["float32", "tf32", "bf16"])
    parser.add_argument("--variants", type=words, default=[], help="only these of eager,channels_last,graph,compile,compile_graph")
    parser.add_argument("--tiny", action="store_true", help="toy sizes: only to see that it runs")
    parser.add_argument("--out", help="the JSON file to write")
    args = parser.parse_args()
    unknown = [part for part in args.part if part not in PARTS]
    if unknown:
        parser.error(f"there is no part '{unknown[0]}'; choose of {','.join(PARTS)}")
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        print("PyTorch sees no CUDA device", file=sys.stderr)
        return 77
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(1)
    bench = Bench(args)
    functions = {"machine": machine, "warp": warp, "adaptive": adaptive, "retinanet": retinanet, "train": train}
    # Compiling takes most of the time there is, so everything else comes first.
    for bench.now in (PLAIN, COMPILED):
        for part in args.part:
            with torch.set_grad_enabled(part == "train"):
                functions[part](bench)
    bench.write()
    failed = [s for s in bench.skipped if s["failed"]]
    print(f"{len(bench.rows)} rows, {len(bench.skipped) - len(failed)} left out, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
