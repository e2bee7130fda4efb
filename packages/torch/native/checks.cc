// Arguments that libtorch's own kernels take on trust, checked here so that a wrong one is an error
// and not a crash. A table: the operation's name, and what must hold of its arguments.
#include "engine.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cmath>

namespace dsbm {

static void require(bool holds, const char* what) {
  if (!holds) fail("ERR_TORCH_VALUE", what);
}

static bool sameLayout(const at::Tensor& a, const at::Tensor& b) {
  if (!b.defined() || a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type() || a.device() != b.device()) return false;
  for (int64_t i = 0; i < a.dim(); i++)
    if (a.size(i) > 1 && a.stride(i) != b.stride(i)) return false;
  return true;
}

// _fused_adam_(self, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps, *, ..., lr, beta1, beta2, weight_decay, eps, amsgrad, maximize, grad_scale, found_inf)
static void fusedAdam(torch::jit::Stack& s) {
  auto params = s[0].toTensorVector(), steps = s[5].toTensorVector();
  require(steps.size() == params.size(), "expected one state step per parameter");
  for (const auto& t : steps) require(t.numel() == 1 && t.scalar_type() == at::kFloat && !t.is_meta(), "a state step is a float32 tensor of one element");
  bool amsgrad = s[11].isBool() && s[11].toBool();
  for (size_t list = 1; list <= (amsgrad ? 4 : 3); list++) {
    auto tensors = s[list].toTensorVector();
    require(tensors.size() == params.size(), "expected one gradient and one of each moment per parameter");
    for (size_t i = 0; i < params.size(); i++)
      require(sameLayout(params[i], tensors[i]), "a gradient or moment has another shape, dtype, device or memory layout than its parameter");
  }
  for (size_t i = 13; i < 15; i++)
    require(s[i].isNone() || (s[i].toTensor().numel() == 1 && s[i].toTensor().scalar_type() == at::kFloat), "grad_scale and found_inf are float32 tensors of one element");
  for (const auto& p : params)
    require(p.is_floating_point() && p.is_non_overlapping_and_dense() && !p.is_meta(), "a parameter is a dense tensor of floating point numbers");
}

static void pixelShuffle(torch::jit::Stack& s) {
  require(s[1].toInt() > 0 && s[1].toInt() < (1 << 15), "the factor is between 1 and 32767");
}

// _foreach_*: lists side by side have one length
static void foreachLists(torch::jit::Stack& s) {
  for (const auto& v : s) require(!v.isList() || !s[0].isList() || v.toListRef().size() == s[0].toListRef().size(), "the lists have different lengths");
}

// scaled_dot_product_attention(query, key, value, ..., enable_gqa at 7): groups are a quotient of heads
static void attention(torch::jit::Stack& s) {
  if (!s[7].toBool()) return;
  for (size_t i = 0; i < 3; i++)
    require(s[i].toTensor().dim() >= 3 && s[i].toTensor().size(-3) > 0, "with enable_gqa, query, key and value are [..., heads, length, width] with at least one head");
}

// as_strided(self, size, stride, ...)
static void strided(torch::jit::Stack& s) {
  require(s[1].toListRef().size() == s[2].toListRef().size(), "size and stride have different lengths");
  for (size_t list = 1; list < 3; list++)
    for (int64_t x : s[list].toIntVector()) require(x >= 0, "sizes and strides are not negative");
}

// random_(self, from, to): close to the ends of int64 its rounding to floating point never ends
static void randomRange(torch::jit::Stack& s) {
  for (size_t i = 1; i < 3 && i < s.size(); i++)
    require(!s[i].isInt() || std::abs(static_cast<double>(s[i].toInt())) < 0x1p62, "the bounds are within 2^62");
}

// Integer division: the processor itself traps on the smallest integer by -1.
static void division(torch::jit::Stack& s) {
  c10::impl::ExcludeDispatchKeyGuard unseen(c10::DispatchKey::TESTING_ONLY_GenericMode);
  at::AutoDispatchBelowADInplaceOrView below;
  auto has = [](const c10::IValue& v, bool smallest) {
    if (!v.isTensor()) return v.isInt() && v.toInt() == (smallest ? std::numeric_limits<int64_t>::min() : -1);
    const at::Tensor& t = v.toTensor();
    if (t.is_meta() || (t.scalar_type() != at::kLong && t.scalar_type() != at::kInt)) return false;
    int64_t bottom = t.scalar_type() == at::kInt ? std::numeric_limits<int32_t>::min() : std::numeric_limits<int64_t>::min();
    return t.eq(smallest ? bottom : -1).any().item<bool>();
  };
  require(!has(s[1], false) || !has(s[0], true), "the smallest integer divided by -1 does not fit its dtype");
}

// div rounds only when it is told how: div(self, other, *, rounding_mode)
static void roundedDivision(torch::jit::Stack& s) {
  if (s.size() > 2 && s[2].isString()) division(s);
}

// repeat_interleave(repeats, ...) and (self, repeats, ...): the sum of the repeats may not overflow
static void repeats(torch::jit::Stack& s) {
  if (s[1].isInt() && s[0].isTensor() && s.size() > 2) return;  // one number for all
  c10::impl::ExcludeDispatchKeyGuard unseen(c10::DispatchKey::TESTING_ONLY_GenericMode);
  at::AutoDispatchBelowADInplaceOrView below;
  const at::Tensor& t = (s.size() > 2 ? s[1] : s[0]).toTensor();
  if (!t.is_meta() && t.numel() > 0) require(!t.gt(1LL << 30).any().item<bool>(), "more than 2^30 repeats");
}

struct Row { const char* name; Check check; };
static const Row kTable[] = {
    {"aten::_fused_adam_", fusedAdam},
    {"aten::_fused_adamw_", fusedAdam},
    {"aten::pixel_shuffle", pixelShuffle},
    {"aten::pixel_unshuffle", pixelShuffle},
    {"aten::as_strided", strided},
    {"aten::as_strided_", strided},
    {"aten::remainder", division}, {"aten::remainder_", division}, {"aten::fmod", division}, {"aten::fmod_", division},
    {"aten::floor_divide", division}, {"aten::floor_divide_", division}, {"aten::div", roundedDivision}, {"aten::div_", roundedDivision},
    {"aten::repeat_interleave", repeats},
    {"aten::random", randomRange},
    {"aten::random_", randomRange},
    {"aten::scaled_dot_product_attention", attention},
};

Check checkOf(const std::string& name, const std::string&) {
  for (const Row& row : kTable)
    if (name == row.name) return row.check;
  return name.rfind("aten::_foreach_", 0) == 0 ? foreachLists : nullptr;
}

}  // namespace dsbm
