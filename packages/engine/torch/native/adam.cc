// A step of Adam and of the average of its parameters, in one pass over the memory of all of them.
#include "engine.h"
#include "vectorised.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <cmath>

namespace dsbm {

// Elements that a thread takes at once, and below which more threads do not pay; PyTorch's kernel takes the last ones, which
// fill no vector of sixteen, with other fused products.
constexpr int64_t kElements = 4096, kGrain = 16 * kElements, kVector = 16;

// As in PyTorch, numbers are float64 until they meet the elements.
struct Rates {
  float decay, shrink, towards, keep, add, root, eps, step, average;
};
struct Block {
  float *p, *m, *v, *s;  // s: the average, or null
  const float* g;
  int64_t n;
  const Rates* rates;
};

// start + weight (end - start), which is exact at both ends.
[[gnu::always_inline]] static inline float lerp(float start, float end, float weight) {
  bool small = std::abs(weight) < 0.5f;
  return __builtin_fmaf(small ? weight : weight - 1, end - start, small ? start : end);
}
template <bool last>
[[gnu::always_inline]] static inline void update(const Block& b, const Rates r) {
  for (int64_t i = 0; i < b.n; i++) {
    float p = b.p[i] * r.shrink, g = __builtin_fmaf(b.p[i], r.decay, b.g[i]);
    float m = lerp(b.m[i], g, r.towards), s = r.add * g;
    float v = last ? __builtin_fmaf(b.v[i], r.keep, s * g) : __builtin_fmaf(s, g, b.v[i] * r.keep);
    b.p[i] = p + r.step * m / (__builtin_sqrtf(v) / r.root + r.eps);
    b.m[i] = m;
    b.v[i] = v;
  }
}
VECTORISED static void step(const Block& b) {
  if (b.n < kVector) update<true>(b, *b.rates);
  else update<false>(b, *b.rates);
  // The parameters are still in the cache.
  if (b.s) for (int64_t i = 0; i < b.n; i++) b.s[i] = lerp(b.s[i], b.p[i], b.rates->average);
}

static bool isPlain(const at::Tensor& t, const at::Tensor& like) {
  return t.is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous() && t.sizes() == like.sizes();
}

// Other devices, dtypes and layouts get PyTorch's kernels.
static void plainly(at::TensorList params, at::TensorList grads, at::TensorList m, at::TensorList v, at::TensorList steps, at::TensorList averages,
                    const at::Tensor& lr, const std::optional<at::Tensor>& weight, double beta1, double beta2, double decay, double eps, bool decoupled) {
  at::_foreach_add_(steps, 1);
  if (decoupled) at::_fused_adamw_(params, grads, m, v, {}, steps, lr, beta1, beta2, decay, eps, false, false);
  else at::_fused_adam_(params, grads, m, v, {}, steps, lr, beta1, beta2, decay, eps, false, false);
  if (!averages.empty()) at::_foreach_lerp_(averages, params, std::vector<at::Tensor>(averages.size(), weight->to(averages[0].scalar_type())));
}

// `weight` [] is that of the new parameters in the averages, of which there may be none.
static void adam(at::TensorList params, at::TensorList grads, at::TensorList m, at::TensorList v, at::TensorList steps, at::TensorList averages,
                 const at::Tensor& lr, const std::optional<at::Tensor>& weight, double beta1, double beta2, double decay, double eps, bool decoupled) {
  size_t n = params.size();
  for (at::TensorList list : {grads, m, v, steps}) TORCH_CHECK(list.size() == n, "adam: ", n, " parameters, but a list of ", list.size());
  TORCH_CHECK(averages.empty() || (averages.size() == n && weight), "adam: expected an average of each parameter, and their weight");
  bool fits = lr.is_cpu() && lr.scalar_type() == at::kDouble && lr.numel() == 1 && (!weight || (weight->is_cpu() && weight->numel() == 1));
  for (size_t i = 0; fits && i < n; i++) {
    const at::Tensor& p = params[i];
    fits = isPlain(p, p) && isPlain(grads[i], p) && isPlain(m[i], p) && isPlain(v[i], p) && (averages.empty() || isPlain(averages[i], p)) &&
           steps[i].is_cpu() && steps[i].scalar_type() == at::kFloat && steps[i].numel() == 1;
  }
  if (!fits) return plainly(params, grads, m, v, steps, averages, lr, weight, beta1, beta2, decay, eps, decoupled);
  double rate = *lr.const_data_ptr<double>(), average = weight ? weight->item().toDouble() : 0;
  std::vector<Rates> rates(n);
  std::vector<Block> blocks;
  for (size_t i = 0; i < n; i++) {
    double step = *steps[i].mutable_data_ptr<float>() += 1;
    double root = std::sqrt(1 - std::pow(beta2, step));
    rates[i] = {static_cast<float>(decoupled ? 0 : decay), static_cast<float>(decoupled ? 1 - rate * decay : 1), static_cast<float>(1 - beta1),
                static_cast<float>(beta2), static_cast<float>(1 - beta2), static_cast<float>(root), static_cast<float>(eps),
                static_cast<float>(-rate / (1 - std::pow(beta1, step))), static_cast<float>(average)};
    float *p = params[i].mutable_data_ptr<float>(), *first = m[i].mutable_data_ptr<float>(), *second = v[i].mutable_data_ptr<float>();
    float* s = averages.empty() ? nullptr : averages[i].mutable_data_ptr<float>();
    const float* g = grads[i].const_data_ptr<float>();
    for (int64_t at = 0, size = params[i].numel(), n = 0; at < size; at += n) {
      n = std::min(kElements, size - at < kVector ? size - at : (size - at) / kVector * kVector);
      blocks.push_back({p + at, first + at, second + at, s ? s + at : nullptr, g + at, n, &rates[i]});
    }
  }
  at::parallel_for(0, static_cast<int64_t>(blocks.size()), kGrain / kElements, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) step(blocks[i]);
  });
  for (at::TensorList list : {params, m, v, steps, averages})
    for (const at::Tensor& t : list) markWritten(t);
}

TORCH_LIBRARY_FRAGMENT(dsbm, m) {
  m.def("adam_(Tensor(a!)[] params, Tensor[] grads, Tensor(b!)[] exp_avgs, Tensor(c!)[] exp_avg_sqs, Tensor(d!)[] state_steps, Tensor(e!)[] averages, "
        "Tensor lr, Tensor? weight, float beta1, float beta2, float weight_decay, float eps, bool decoupled) -> ()", torch::dispatch(kAnyDevice, &adam));
}

}  // namespace dsbm
