// Points of Brownian bridges and the drifts towards their ends, in one pass over the rows.
#include "engine.h"
#include "vectorised.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <cmath>

namespace dsbm {

constexpr int64_t kValues = 1 << 15;  // of a thread; fewer do not pay

// A row at time t: x0 + t (x1 − x0) + a z and ±(x1 − x0) − b z.
VECTORISED static void row(float* x, float* drift, const float* x0, const float* x1, const float* z, int64_t n, float t, float a, float b, float sign) {
  float weight = t < 0.5f ? t : t - 1;
  for (int64_t i = 0; i < n; i++) {
    float way = x1[i] - x0[i];
    x[i] = __builtin_fmaf(a, z[i], __builtin_fmaf(weight, way, t < 0.5f ? x0[i] : x1[i]));
    drift[i] = __builtin_fmaf(-b, z[i], sign * way);
  }
}

// Of x0, x1 and z [B, …] and t [B]; the drift is that towards x1 where `forward`, else towards x0.
static std::tuple<at::Tensor, at::Tensor> brownianBridge(const at::Tensor& x0, const at::Tensor& x1, const at::Tensor& t, const at::Tensor& z, double sigma, bool forward) {
  at::Tensor from = x0.contiguous(), to = x1.contiguous(), noise = z.contiguous(), times = t.contiguous();
  TORCH_CHECK(from.dim() > 0 && to.sizes() == from.sizes() && noise.sizes() == from.sizes() && times.sizes() == at::IntArrayRef{from.size(0)},
              "brownian_bridge: expected x0, x1 and z of one shape and a time of each row, got ", from.sizes(), ", ", to.sizes(), ", ", noise.sizes(), " and ", times.sizes());
  for (const at::Tensor* one : {&from, &to, &noise, &times}) TORCH_CHECK(one->is_cpu() && one->scalar_type() == at::kFloat, "brownian_bridge: expected float32 on the processor");
  at::Tensor x = at::empty_like(from), drift = at::empty_like(from);
  int64_t rows = from.size(0), n = rows == 0 ? 0 : from.numel() / rows;
  const float *a = from.const_data_ptr<float>(), *b = to.const_data_ptr<float>(), *e = noise.const_data_ptr<float>(), *time = times.const_data_ptr<float>();
  float *point = x.mutable_data_ptr<float>(), *way = drift.mutable_data_ptr<float>();
  auto spread = static_cast<float>(sigma);
  at::parallel_for(0, rows, std::max<int64_t>(1, kValues / std::max<int64_t>(1, n)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      float s = time[i], r = 1 - s, ratio = forward ? s / r : r / s;
      row(point + i * n, way + i * n, a + i * n, b + i * n, e + i * n, n, s, spread * std::sqrt(r * s), spread * std::sqrt(ratio), forward ? 1.f : -1.f);
    }
  });
  return {x, drift};
}

TORCH_LIBRARY_FRAGMENT(dsbm, m) {
  m.def("brownian_bridge(Tensor x0, Tensor x1, Tensor t, Tensor z, float sigma, bool forward) -> (Tensor, Tensor)", torch::dispatch(kAnyDevice, &brownianBridge));
}

}  // namespace dsbm
