// The squared error of a batch and its gradient, one pass each. Sums are those of blocks, added up in order, so that numbers
// do not depend on threads.
#include "kernels.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

namespace dsbm {

constexpr int64_t kElements = 4096, kGrain = 8 * kElements;

VECTORISED static float sumOfSquares(const float* a, const float* b, int64_t n) {
  Wide sum = {}, x, y;
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) {
    load(a + i, x), load(b + i, y);
    x -= y;
    sum += x * x;
  }
  float total = 0;
  for (int64_t k = 0; k < kWidth; k++) total += sum[k];
  for (; i < n; i++) total += (a[i] - b[i]) * (a[i] - b[i]);
  return total;
}
VECTORISED static void scaledDifference(const float* a, const float* b, float factor, float* out, int64_t n) {
  for (int64_t i = 0; i < n; i++) out[i] = factor * (a[i] - b[i]);
}

static void checkPair(const at::Tensor& a, const at::Tensor& b) {
  for (const at::Tensor* t : {&a, &b}) TORCH_CHECK(t->is_cpu() && t->scalar_type() == at::kFloat, "squared_error: got ", t->toString(), "; expected float32 of the processor");
  TORCH_CHECK(a.sizes() == b.sizes(), "squared_error: a prediction ", a.sizes(), " for a target ", b.sizes());
}

// → factor · Σ (prediction − target)²
static at::Tensor squaredError(const at::Tensor& prediction, const at::Tensor& target, double factor) {
  checkPair(prediction, target);
  at::Tensor x = prediction.contiguous(), y = target.contiguous();
  int64_t n = x.numel(), blocks = (n + kElements - 1) / kElements;
  std::vector<float> sums(blocks);
  const float *a = x.const_data_ptr<float>(), *b = y.const_data_ptr<float>();
  at::parallel_for(0, blocks, kGrain / kElements, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) sums[i] = sumOfSquares(a + i * kElements, b + i * kElements, std::min(kElements, n - i * kElements));
  });
  double total = 0;
  for (float sum : sums) total += sum;
  at::Tensor out = at::empty({}, x.options());
  *out.mutable_data_ptr<float>() = static_cast<float>(factor * total);
  return out;
}

// → the gradient of the prediction, where that of the error is `grad` []
static at::Tensor squaredErrorBackward(const at::Tensor& grad, const at::Tensor& prediction, const at::Tensor& target, double factor) {
  checkPair(prediction, target);
  TORCH_CHECK(grad.is_cpu() && grad.scalar_type() == at::kFloat && grad.numel() == 1, "squared_error_backward: a gradient ", grad.sizes(), "; expected one float32 number of the processor");
  at::Tensor x = prediction.contiguous(), y = target.contiguous(), out = at::empty_like(x);
  const float *a = x.const_data_ptr<float>(), *b = y.const_data_ptr<float>();
  float *to = out.mutable_data_ptr<float>(), by = static_cast<float>(2 * factor * *grad.const_data_ptr<float>());
  at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) { scaledDifference(a + begin, b + begin, by, to + begin, end - begin); });
  return out;
}

struct SquaredError : torch::autograd::Function<SquaredError> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& prediction, const at::Tensor& target, double factor) {
    at::AutoDispatchBelowADInplaceOrView below;
    static const auto op = typed<decltype(squaredError)>("dsbm::squared_error");
    context->save_for_backward({prediction, target});
    context->saved_data["factor"] = factor;
    return op.call(prediction, target, factor);
  }
  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, std::vector<at::Tensor> grads) {
    auto saved = context->get_saved_variables();
    double factor = context->saved_data["factor"].toDouble();
    static const auto op = typed<decltype(squaredErrorBackward)>("dsbm::squared_error_backward");
    at::Tensor g = at::GradMode::is_enabled() ? (saved[0] - saved[1]) * (grads[0] * (2 * factor)) : op.call(grads[0], saved[0], saved[1], factor);
    return {g, context->needs_input_grad(1) ? g.neg() : at::Tensor(), at::Tensor()};
  }
};
static at::Tensor squaredErrorWithGradient(const at::Tensor& prediction, const at::Tensor& target, double factor) { return SquaredError::apply(prediction, target, factor); }

TORCH_LIBRARY_FRAGMENT(dsbm, m) {
  m.def("squared_error(Tensor prediction, Tensor target, float factor) -> Tensor");
  m.impl("squared_error", c10::DispatchKey::CPU, &squaredError);
  m.impl("squared_error", c10::DispatchKey::AutogradCPU, &squaredErrorWithGradient);
  m.def("squared_error_backward(Tensor grad, Tensor prediction, Tensor target, float factor) -> Tensor");
  m.impl("squared_error_backward", c10::DispatchKey::CPU, &squaredErrorBackward);
}

}  // namespace dsbm
