// What kernels of our own share: sixteen numbers at a time, in loops that are compiled for several widths of vectors. No
// step depends on how wide they are, so that every processor gives the same numbers.
#pragma once
#include "engine.h"
#include "vectorised.h"

namespace dsbm {

constexpr int64_t kWidth = 16;
typedef float Wide __attribute__((vector_size(4 * kWidth)));
typedef int32_t WideInts __attribute__((vector_size(4 * kWidth)));

template <class T, class Vector>
[[gnu::always_inline]] static inline void load(const T* p, Vector& x) { __builtin_memcpy(&x, p, sizeof x); }
template <class T, class Vector>
[[gnu::always_inline]] static inline void store(T* p, const Vector& x) { __builtin_memcpy(p, &x, sizeof x); }

// d = 1 + e^-x, by which SiLU and its gradient divide: e^-x is 2^k times a polynomial on [-1/2, 1/2].
[[gnu::always_inline]] static inline void onePlusExp(const Wide& x, Wide& d) {
  Wide z = x > 87.f ? Wide{} + 87.f : x;
  z = z < -87.f ? Wide{} - 87.f : z;
  Wide k = z * -1.44269502f + 12582912.f - 12582912.f;  // 3 · 2^22: rounds to a whole number
  Wide f = z * -1.44269502f - k + z * -1.92596303e-8f;
  Wide p = ((((0.000154035304f * f + 0.00133335581f) * f + 0.00961812911f) * f + 0.0555041087f) * f + 0.240226507f) * f + 0.693147181f;
  WideInts power = (__builtin_convertvector(k, WideInts) + 127) << 23;
  Wide scale;
  __builtin_memcpy(&scale, &power, sizeof scale);
  d = (p * f + 1.f) * scale + 1.f;
}

// r = 1 / d for d in [1, 2^126], to two units in the last place: by three of Newton's steps, which take less than a division.
[[gnu::always_inline]] static inline void reciprocal(const Wide& d, Wide& r) {
  WideInts bits;
  __builtin_memcpy(&bits, &d, sizeof bits);
  bits = 0x7EF311C3 - bits;  // about −log2 d
  __builtin_memcpy(&r, &bits, sizeof r);
  for (int i = 0; i < 3; i++) r *= 2.f - d * r;
}

// The operation of that name, which is one of ours.
template <class F>
static auto typed(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<F>();
}

}  // namespace dsbm
