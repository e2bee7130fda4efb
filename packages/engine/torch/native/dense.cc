// Fully connected layers: bias, SiLU and its slope in one pass over a product; backward, the gradient before SiLU and the sum
// that is the bias's gradient in another. Sums run over rows in one order, so that numbers do not depend on threads.
#include "kernels.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

namespace dsbm {

constexpr int64_t kValues = 1 << 15;     // of a thread; fewer do not pay
constexpr int64_t kRun = 128;            // rows whose sum is rounded before it meets the others
constexpr int64_t kBlock = 4 * kWidth;   // columns at a time

// `n` is kWidth, or less at the end of a row.
[[gnu::always_inline]] static inline void loadSome(const float* p, int64_t n, Wide& x) {
  if (n == kWidth) return load(p, x);
  x = Wide{};
  __builtin_memcpy(&x, p, sizeof(float) * n);
}
[[gnu::always_inline]] static inline void storeSome(float* p, int64_t n, const Wide& x) {
  if (n == kWidth) return store(p, x);
  __builtin_memcpy(p, &x, sizeof(float) * n);
}

// y = SiLU(y + bias), and where wanted the derivative.
VECTORISED static void activateRows(float* __restrict y, const float* __restrict bias, float* __restrict slope, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++, y += n, slope += slope ? n : 0) {
    if (!slope) {
      for (int64_t c = 0; c < n; c++) y[c] = silu(y[c] + bias[c]);
      continue;
    }
    for (int64_t c = 0; c < n; c++) {
      float z = y[c] + bias[c], d = onePlusExp(z), s = 1 / d;
      y[c] = z * s;
      slope[c] = s + z * s * ((d - 1) * s);  // s (1 + z (1 − s))
    }
  }
}

// Sums over rows of grad · slope, which is stored, or of grad alone; for up to kBlock columns of `stride`.
[[gnu::always_inline]] static inline void sumAt(const float* grad, const float* slope, float* out, float* sums, int64_t rows, int64_t stride, int64_t n) {
  Wide total[4] = {};
  int64_t parts = (n + kWidth - 1) / kWidth;
  for (int64_t first = 0; first < rows; first += kRun) {
    Wide sum[4] = {};
    for (int64_t r = first; r < std::min(rows, first + kRun); r++)
      for (int64_t k = 0; k < parts; k++) {
        int64_t at = r * stride + k * kWidth, some = n == kBlock ? kWidth : std::min(kWidth, n - k * kWidth);
        Wide g, s;
        loadSome(grad + at, some, g);
        if (slope) {
          loadSome(slope + at, some, s);
          g *= s;
          storeSome(out + at, some, g);
        }
        sum[k] += g;
      }
    for (int64_t k = 0; k < parts; k++) total[k] += sum[k];
  }
  for (int64_t k = 0; k < parts; k++) storeSome(sums + k * kWidth, std::min(kWidth, n - k * kWidth), total[k]);
}
VECTORISED static void sumRows(const float* grad, const float* slope, float* out, float* sums, int64_t rows, int64_t stride, int64_t n) {
  if (n == kBlock && slope) sumAt(grad, slope, out, sums, rows, stride, kBlock);
  else if (n == kBlock) sumAt(grad, nullptr, out, sums, rows, stride, kBlock);
  else sumAt(grad, slope, out, sums, rows, stride, n);
}

static void checkDense(const at::Tensor& x, const at::Tensor& weight) {
  for (const at::Tensor* t : {&x, &weight}) TORCH_CHECK(t->is_cpu() && t->scalar_type() == at::kFloat && t->dim() == 2, "dense: got ", t->toString(), t->sizes(), "; expected matrices in float32 of the processor");
  TORCH_CHECK(x.size(1) == weight.size(1), "dense: rows of ", x.size(1), " for a layer of ", weight.size(1), " inputs");
}

// → y = x Wᵀ + b or its SiLU, and the derivative of that where it is wanted (else nothing)
static std::tuple<at::Tensor, at::Tensor> dense(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool silu, bool wanted) {
  checkDense(x, weight);
  int64_t rows = x.size(0), n = weight.size(0);
  TORCH_CHECK(bias.is_cpu() && bias.scalar_type() == at::kFloat && bias.dim() == 1 && bias.size(0) == n, "dense: a bias ", bias.sizes(), " for ", n, " outputs");
  at::Tensor y = at::empty({rows, n}, x.options()), slope = at::empty({silu && wanted ? rows : 0, n}, x.options());
  if (!silu) {
    at::addmm_out(y, bias, x, weight.t());
    return {y, slope};
  }
  at::mm_out(y, x, weight.t());
  at::Tensor b = bias.contiguous();
  float *to = y.mutable_data_ptr<float>(), *along = wanted ? slope.mutable_data_ptr<float>() : nullptr;
  const float* add = b.const_data_ptr<float>();
  at::parallel_for(0, rows, std::max<int64_t>(1, kValues / std::max<int64_t>(1, n)), [&](int64_t begin, int64_t end) {
    activateRows(to + begin * n, add, along ? along + begin * n : nullptr, end - begin, n);
  });
  return {y, slope};
}

// → gradients of input and weight where they are wanted, and of the bias
static std::tuple<at::Tensor, at::Tensor, at::Tensor> denseBackward(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& slope, bool silu, bool ofInput, bool ofWeight) {
  checkDense(x, weight);
  int64_t rows = x.size(0), n = weight.size(0);
  at::Tensor grad = gradient.contiguous(), by = slope.contiguous();
  TORCH_CHECK(grad.is_cpu() && grad.scalar_type() == at::kFloat && grad.sizes() == at::IntArrayRef({rows, n}) && (!silu || (by.is_cpu() && by.scalar_type() == at::kFloat && by.sizes() == grad.sizes())),
              "dense_backward: a gradient ", grad.sizes(), " and a slope ", by.sizes(), " for ", rows, " rows of ", n);
  at::Tensor before = silu ? at::empty_like(grad) : grad, sums = at::empty({n}, grad.options());
  const float *g = grad.const_data_ptr<float>(), *s = silu ? by.const_data_ptr<float>() : nullptr;
  float *out = silu ? before.mutable_data_ptr<float>() : nullptr, *sum = sums.mutable_data_ptr<float>();
  int64_t blocks = (n + kBlock - 1) / kBlock;
  at::parallel_for(0, blocks, std::max<int64_t>(1, kValues / std::max<int64_t>(1, rows * kBlock)), [&](int64_t begin, int64_t end) {
    for (int64_t c = begin * kBlock; c < std::min(n, end * kBlock); c += kBlock) sumRows(g + c, s ? s + c : nullptr, out ? out + c : nullptr, sum + c, rows, n, std::min(kBlock, n - c));
  });
  return {ofInput ? at::mm(before, weight) : at::Tensor(), ofWeight ? at::mm(before.t(), x) : at::Tensor(), sums};
}

struct Dense : torch::autograd::Function<Dense> {
  static std::vector<at::Tensor> forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool silu, bool wanted) {
    at::AutoDispatchBelowADInplaceOrView below;
    static const auto op = typed<decltype(dense)>("dsbm::dense");
    auto [y, slope] = op.call(x, weight, bias, silu, wanted);
    context->save_for_backward({x, weight, bias, slope});
    context->mark_non_differentiable({slope});
    context->saved_data["silu"] = silu;
    return {y, slope};
  }
  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, std::vector<at::Tensor> grads) {
    auto saved = context->get_saved_variables();
    bool silu = context->saved_data["silu"].toBool();
    static const auto op = typed<decltype(denseBackward)>("dsbm::dense_backward");
    auto [x, weight, bias] = op.call(grads[0], saved[0], saved[1], saved[3], silu, context->needs_input_grad(0), context->needs_input_grad(1));
    return {x, weight, bias, at::Tensor(), at::Tensor()};
  }
};
static std::tuple<at::Tensor, at::Tensor> denseWithGradient(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool silu, bool wanted) {
  auto found = Dense::apply(x, weight, bias, silu, wanted);
  return {found[0], found[1]};
}

TORCH_LIBRARY_FRAGMENT(dsbm, m) {
  m.def("dense(Tensor input, Tensor weight, Tensor bias, bool silu, bool slope) -> (Tensor, Tensor)");
  m.impl("dense", c10::DispatchKey::CPU, &dense);
  m.impl("dense", c10::DispatchKey::AutogradCPU, &denseWithGradient);
  m.def("dense_backward(Tensor grad, Tensor input, Tensor weight, Tensor slope, bool silu, bool of_input, bool of_weight) -> (Tensor, Tensor, Tensor)");
  m.impl("dense_backward", c10::DispatchKey::CPU, &denseBackward);
}

}  // namespace dsbm
