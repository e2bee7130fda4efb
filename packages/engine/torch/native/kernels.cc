// The noise and the activation of simulations, where PyTorch's take much of the time.
#include "kernels.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/library.h>

#include <algorithm>
#include <mutex>

namespace dsbm {

constexpr int kLanes = 64;
constexpr int64_t kBlock = 4 * kLanes;

// Standard normal numbers spread from one draw of a generator by Philox4x32-10 (Salmon et al. 2011) and Box-Muller:
// PyTorch's own take a draw of mt19937 each. Block `index` of the stream `key`.
VECTORISED static void normals(float* out, uint64_t key, uint64_t index) {
  uint32_t bits[kBlock] = {}, *a = bits, *b = a + kLanes, *c = b + kLanes, *d = c + kLanes;
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int i = 0; i < kLanes; i++) {
    a[i] = static_cast<uint32_t>(index);
    b[i] = static_cast<uint32_t>(index >> 32);
    c[i] = i;
  }
  for (int round = 0; round < 10; round++, k0 += 0x9E3779B9, k1 += 0xBB67AE85) {
    for (int i = 0; i < kLanes; i++) {
      uint64_t p = uint64_t(0xD2511F53) * a[i], q = uint64_t(0xCD9E8D57) * c[i];
      a[i] = static_cast<uint32_t>(q >> 32) ^ b[i] ^ k0;
      b[i] = static_cast<uint32_t>(q);
      c[i] = static_cast<uint32_t>(p >> 32) ^ d[i] ^ k1;
      d[i] = static_cast<uint32_t>(p);
    }
  }
  for (int i = 0; i < kBlock / 2; i++) {
    uint32_t x = bits[i], y = bits[i + kBlock / 2];
    float u = (static_cast<float>(static_cast<int32_t>(x >> 1)) + 0.5f) * 0x1p-31f;  // in (0, 1]
    // log u = e log 2 + log m with m in [1, 2); log(m / √2) is twice the area tangent of t.
    int32_t pattern;
    __builtin_memcpy(&pattern, &u, 4);
    float e = static_cast<float>((pattern >> 23) - 127), m;
    pattern = (pattern & 0x7fffff) | 0x3f800000;
    __builtin_memcpy(&m, &pattern, 4);
    float t = (m - 1.41421356f) / (m + 1.41421356f), s = t * t;
    float log = e * 0.693147181f + 0.346573590f + 2 * t * (1 + s * (1 / 3.f + s * (1 / 5.f + s * (1 / 7.f + s / 9.f))));
    float r = __builtin_sqrtf(log < 0 ? -2 * log : 0);
    // An angle within 45 degrees of an axis; three other bits say which axis and which way.
    float w = static_cast<float>(static_cast<int32_t>(y) >> 8) * (0.785398163f * 0x1p-23f), v = w * w;
    float sin = w * (1 + v * (-1 / 6.f + v * (1 / 120.f - v / 5040.f)));
    float cos = 1 + v * (-0.5f + v * (1 / 24.f + v * (-1 / 720.f + v / 40320.f)));
    float first = y & 1 ? sin : cos, second = y & 1 ? cos : sin;
    out[i] = y & 2 ? r * first : -r * first;
    out[i + kBlock / 2] = y & 4 ? r * second : -r * second;
  }
}

// The numbers [offset, offset + n) of the stream `key`.
static void normalsAt(float* out, int64_t n, uint64_t key, int64_t offset) {
  float part[kBlock];
  for (int64_t done = 0; done < n;) {
    int64_t at = offset + done, skip = at % kBlock, count = std::min(kBlock - skip, n - done);
    bool whole = count == kBlock;
    normals(whole ? out + done : part, key, at / kBlock);
    if (!whole) std::copy_n(part + skip, count, out + done);
    done += count;
  }
}

// Other devices, dtypes and layouts get PyTorch's numbers.
static at::Tensor& fill(at::Tensor& self, std::optional<at::Generator> generator) {
  if (!self.is_cpu() || self.scalar_type() != at::kFloat || !self.is_contiguous()) return self.normal_(0, 1, generator);
  auto* g = at::get_generator_or_default<at::CPUGeneratorImpl>(generator, at::detail::getDefaultCPUGenerator());
  uint64_t key = [&] {
    std::lock_guard<std::mutex> lock(g->mutex_);
    return g->random64();
  }();
  normalsAt(self.mutable_data_ptr<float>(), self.numel(), key, 0);
  return self;
}

// Standard normal numbers for half of the rows, one more of an odd number; the others are their negatives.
static at::Tensor& fillPairs(at::Tensor& self, std::optional<at::Generator> generator) {
  int64_t n = self.size(0), half = (n + 1) / 2;
  at::Tensor first = self.narrow(0, 0, half);
  first.normal_(0, 1, generator);
  const float* z = self.is_cpu() && self.scalar_type() == at::kFloat && self.is_contiguous() ? first.const_data_ptr<float>() : nullptr;
  if (z) std::transform(z, z + self.numel() - first.numel(), self.mutable_data_ptr<float>() + first.numel(), [](float x) { return -x; });
  else self.narrow(0, half, n - half).copy_(first.narrow(0, 0, n - half)).neg_();
  return self;
}

// Times in [eps, 1 − eps], one in each of the strata of half of the rows, and these twice: bits are those of PyTorch's
// uniform numbers.
static at::Tensor& strata(at::Tensor& self, double eps, std::optional<at::Generator> generator) {
  TORCH_CHECK(self.is_cpu() && self.scalar_type() == at::kFloat && self.is_contiguous() && self.dim() == 1, "strata_: expected a contiguous float32 vector of the processor");
  auto* g = at::get_generator_or_default<at::CPUGeneratorImpl>(generator, at::detail::getDefaultCPUGenerator());
  int64_t n = self.numel(), half = (n + 1) / 2;
  float *t = self.mutable_data_ptr<float>(), width = static_cast<float>((1 - 2 * eps) / static_cast<double>(half)), start = static_cast<float>(eps);
  std::lock_guard<std::mutex> lock(g->mutex_);
  for (int64_t i = 0; i < half; i++) t[i] = (static_cast<float>(i) + static_cast<float>(g->random() & 0xffffff) * 0x1p-24f) * width + start;
  std::copy_n(t, n - half, t + half);
  return self;
}

// The numbers [offset, offset + n) of a stream, a function of these alone.
static at::Tensor& fillAt(at::Tensor& self, int64_t key, int64_t stream, int64_t offset) {
  TORCH_CHECK(self.is_cpu() && self.scalar_type() == at::kFloat && self.is_contiguous(), "noise_at: expected a contiguous float32 tensor of the processor");
  TORCH_CHECK(key >= 0 && key >> 32 == 0 && stream >= 0 && stream >> 32 == 0, "noise_at: expected a key and a stream in [0, 2^32)");
  TORCH_CHECK(offset >= 0 && offset >> 53 == 0, "noise_at: expected an offset in [0, 2^53)");
  uint64_t both = static_cast<uint64_t>(stream) << 32 | static_cast<uint64_t>(key);
  normalsAt(self.mutable_data_ptr<float>(), self.numel(), both, offset);
  return self;
}

VECTORISED static void activate(float* xs, int64_t n) {
  for (int64_t i = 0; i < n; i++) xs[i] = silu(xs[i]);
}
VECTORISED static void activate(uint16_t* xs, int64_t n) {
  for (int64_t i = 0; i < n; i++) xs[i] = rounded(silu(widened(xs[i])));
}

static at::Tensor& activate(at::Tensor& self) {
  bool isFloat = self.scalar_type() == at::kFloat;
  if (!self.is_cpu() || !self.is_contiguous() || !(isFloat || self.scalar_type() == at::kBFloat16)) return at::silu_(self);
  if (isFloat) activate(self.mutable_data_ptr<float>(), self.numel());
  else activate(static_cast<uint16_t*>(self.mutable_data_ptr()), self.numel());
  return self;
}

TORCH_LIBRARY_FRAGMENT(dsbm, m) {
  m.def("noise_(Tensor(a!) self, *, Generator? generator=None) -> Tensor(a!)", torch::dispatch(kAnyDevice, &fill), {at::Tag::nondeterministic_seeded});
  m.def("noise_pairs_(Tensor(a!) self, *, Generator? generator=None) -> Tensor(a!)", torch::dispatch(kAnyDevice, &fillPairs), {at::Tag::nondeterministic_seeded});
  m.def("strata_(Tensor(a!) self, float eps, *, Generator? generator=None) -> Tensor(a!)", torch::dispatch(kAnyDevice, &strata), {at::Tag::nondeterministic_seeded});
  m.def("noise_at_(Tensor(a!) self, int key, int stream, int offset) -> Tensor(a!)", torch::dispatch(kAnyDevice, &fillAt));
  m.def("silu_(Tensor(a!) self) -> Tensor(a!)", torch::dispatch(kAnyDevice, static_cast<at::Tensor& (*)(at::Tensor&)>(&activate)));
}

}  // namespace dsbm
