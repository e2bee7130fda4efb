// What kernels of our own share: sixteen numbers at a time, in loops that are compiled for several widths of vectors. No
// step depends on how wide they are, so that every processor gives the same numbers.
#pragma once
#include "engine.h"
#include "vectorised.h"

namespace dsbm {

constexpr int64_t kWidth = 16;
typedef float Wide __attribute__((vector_size(4 * kWidth)));

template <class T, class Vector>
[[gnu::always_inline]] static inline void load(const T* p, Vector& x) { __builtin_memcpy(&x, p, sizeof x); }
template <class T, class Vector>
[[gnu::always_inline]] static inline void store(T* p, const Vector& x) { __builtin_memcpy(p, &x, sizeof x); }

// 1 + e^-x, by which SiLU and its gradient divide: e^-x is 2^k times a polynomial on [-1/2, 1/2]. Of single numbers, which the
// compiler makes vectors of; products are fused by name.
[[gnu::always_inline]] static inline float onePlusExp(float x) {
  float z = x > 87 ? 87 : x < -87 ? -87 : x, k = __builtin_rintf(z * -1.44269502f), scale;
  float f = __builtin_fmaf(z, -1.92596303e-8f, __builtin_fmaf(z, -1.44269502f, -k));
  float p = __builtin_fmaf(f, __builtin_fmaf(f, __builtin_fmaf(f, 0.000154035304f, 0.00133335581f), 0.00961812911f), 0.0555041087f);
  p = __builtin_fmaf(f, __builtin_fmaf(f, __builtin_fmaf(f, p, 0.240226507f), 0.693147181f), 1.f);
  uint32_t pattern = static_cast<uint32_t>(static_cast<int32_t>(k) + 127) << 23;  // of NaN, whose k is the least integer, too
  __builtin_memcpy(&scale, &pattern, 4);
  return __builtin_fmaf(p, scale, 1.f);
}
[[gnu::always_inline]] static inline float silu(float x) { return x / onePlusExp(x); }

// bfloat16 is the upper half of a float; rounded to nearest, ties to even.
[[gnu::always_inline]] static inline float widened(uint16_t half) {
  uint32_t bits = static_cast<uint32_t>(half) << 16;
  float x;
  __builtin_memcpy(&x, &bits, 4);
  return x;
}
[[gnu::always_inline]] static inline uint16_t rounded(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// The operation of that name, which is one of ours.
template <class F>
static auto typed(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<F>();
}

}  // namespace dsbm
