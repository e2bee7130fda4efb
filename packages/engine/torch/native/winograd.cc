// 3×3 convolutions of stride 1 by Winograd's minimal filtering F(4×4, 3×3) (Lavin 2016): a tile of 4×4 results takes
// 36 products a pair of channels instead of 144. The points 0, ±3/4, ±3/2 and ∞ keep
// rounding small. Tensors are channels-last; a number does not depend on
// the threads, nor on the images beside its own. Other processors, devices and dtypes take PyTorch's convolution.
#include "kernels.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define WINOGRAD 1
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,fma")))
#define INLINE AVX512 __attribute__((always_inline)) static inline
#endif

namespace dsbm {

constexpr int64_t kPoints = 36, kLane = 16, kRows = 14;

#ifdef WINOGRAD
using V = __m512;
// a x + y
INLINE V fma(float a, V x, V y) { return _mm512_fmadd_ps(_mm512_set1_ps(a), x, y); }

constexpr float a = 0.75f, b = 1.5f, aa = a * a, bb = b * b, ca = 1 / (2 * aa * (aa - bb)), cb = 1 / (2 * bb * (bb - aa));

// One dimension of each transform, from x[0], x[s], … to y[0], y[r], …
struct Image {  // Bᵀ
  enum { from = 6, to = 6 };
  INLINE void along(const V* x, int s, V* y, int r) {
    V d1 = x[s], d2 = x[2 * s], d3 = x[3 * s], d4 = x[4 * s];
    V e = fma(-bb, d2, d4), o = a * fma(-bb, d1, d3), f = fma(-aa, d2, d4), p = b * fma(-aa, d1, d3);
    y[0] = fma(aa * bb, x[0], fma(-(aa + bb), d2, d4));
    y[r] = e + o, y[2 * r] = e - o, y[3 * r] = f + p, y[4 * r] = f - p;
    y[5 * r] = fma(aa * bb, d1, fma(-(aa + bb), d3, x[5 * s]));
  }
};
struct Result {  // Aᵀ
  enum { from = 6, to = 4 };
  INLINE void along(const V* x, int s, V* y, int r) {
    V e = x[s] + x[2 * s], o = x[s] - x[2 * s], f = x[3 * s] + x[4 * s], p = x[3 * s] - x[4 * s];
    y[0] = x[0] + e + f, y[r] = fma(a, o, b * p), y[2 * r] = fma(aa, e, bb * f), y[3 * r] = fma(a * aa, o, fma(b * bb, p, x[5 * s]));
  }
};
struct ResultGradient {  // A
  enum { from = 4, to = 6 };
  INLINE void along(const V* x, int s, V* y, int r) {
    V e = fma(aa, x[2 * s], x[0]), o = fma(a, x[s], a * aa * x[3 * s]), f = fma(bb, x[2 * s], x[0]), p = fma(b, x[s], b * bb * x[3 * s]);
    y[0] = x[0], y[r] = e + o, y[2 * r] = e - o, y[3 * r] = f + p, y[4 * r] = f - p, y[5 * r] = x[3 * s];
  }
};
struct Kernel {  // G
  enum { from = 3, to = 6 };
  INLINE void along(const V* x, int s, V* y, int r) {
    V e = ca * fma(aa, x[2 * s], x[0]), o = ca * a * x[s], f = cb * fma(bb, x[2 * s], x[0]), p = cb * b * x[s];
    y[0] = 1 / (aa * bb) * x[0], y[r] = e + o, y[2 * r] = e - o, y[3 * r] = f + p, y[4 * r] = f - p, y[5 * r] = x[2 * s];
  }
};
struct KernelGradient {  // Gᵀ
  enum { from = 6, to = 3 };
  INLINE void along(const V* x, int s, V* y, int r) {
    V e = ca * (x[s] + x[2 * s]), o = ca * (x[s] - x[2 * s]), f = cb * (x[3 * s] + x[4 * s]), p = cb * (x[3 * s] - x[4 * s]);
    y[0] = fma(1 / (aa * bb), x[0], e + f), y[r] = fma(a, o, b * p), y[2 * r] = fma(aa, e, fma(bb, f, x[5 * s]));
  }
};
template <class T>
INLINE void transform(const V* x, V* y) {
  V between[int(T::to) * int(T::from)];
  for (int j = 0; j < T::from; j++) T::along(x + j, T::from, between + j, T::from);
  for (int i = 0; i < T::to; i++) T::along(between + i * T::from, 1, y + i * T::to, 1);
}

// Sixteen numbers of a dtype.
INLINE V get(const float* p) { return _mm512_loadu_ps(p); }
INLINE void put(float* p, V x) { _mm512_storeu_ps(p, x); }
INLINE V get(const at::BFloat16* p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))), 16));
}
INLINE void put(at::BFloat16* p, V x) {  // rounded to nearest, ties to even
  __m512i bits = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  bits = _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff))), 16);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(bits));
}

// Rows × Lanes·kLane of a product: row r, term k of the left matrix at x[r·row + k·term]; of the right one, terms are `next`
// apart, and lanes `apart`.
template <int Rows, int Lanes>
AVX512 static void multiply(int64_t terms, const float* x, int64_t row, int64_t term, const float* y, int64_t next, int64_t apart, float* out, int64_t width, bool adds) {
  V sum[Rows][Lanes], right[Lanes];
  for (int r = 0; r < Rows; r++)
    for (int h = 0; h < Lanes; h++) sum[r][h] = adds ? get(out + r * width + h * kLane) : _mm512_setzero_ps();
  for (int64_t k = 0; k < terms; k++, x += term, y += next) {
    for (int h = 0; h < Lanes; h++) right[h] = get(y + h * apart);
#pragma GCC unroll 14
    for (int r = 0; r < Rows; r++) {
      V each = _mm512_set1_ps(x[r * row]);
      for (int h = 0; h < Lanes; h++) sum[r][h] = _mm512_fmadd_ps(each, right[h], sum[r][h]);
    }
  }
  for (int r = 0; r < Rows; r++)
    for (int h = 0; h < Lanes; h++) put(out + r * width + h * kLane, sum[r][h]);
}
using Multiply = void (*)(int64_t, const float*, int64_t, int64_t, const float*, int64_t, int64_t, float*, int64_t, bool);
template <int Lanes>
static Multiply multiplyOf(int64_t rows) {
  static constexpr Multiply few[] = {nullptr, multiply<1, Lanes>, multiply<2, Lanes>, multiply<3, Lanes>, multiply<4, Lanes>, multiply<5, Lanes>, multiply<6, Lanes>, multiply<7, Lanes>,
                                     multiply<8, Lanes>, multiply<9, Lanes>, multiply<10, Lanes>, multiply<11, Lanes>, multiply<12, Lanes>, multiply<13, Lanes>, multiply<14, Lanes>};
  return few[std::min(kRows, rows)];
}
// Rows × columns of a product, two lanes at a time.
static void multiplyAll(int64_t rows, int64_t columns, int64_t terms, const float* x, int64_t row, int64_t term, const float* y, int64_t next, int64_t apart, float* out, int64_t width, bool adds) {
  for (int64_t c = 0; c < columns; c += 2 * kLane)
    for (int64_t r = 0; r < rows; r += kRows) {
      Multiply some = columns - c > kLane ? multiplyOf<2>(rows - r) : multiplyOf<1>(rows - r);
      some(terms, x + r * row, row, term, y + c / kLane * apart, next, apart, out + r * width + c, width, adds);
    }
}

// The tiles of images [N, H, W, channels], numbered through.
struct Tiles {
  int64_t height, width, down, across, all;
  explicit Tiles(const at::Tensor& x)
      : height(x.size(2)), width(x.size(3)), down((height + 3) / 4), across((width + 3) / 4), all(x.size(0) * down * across) {}
};

// Channels [first, first + count) of tiles in [start, end), `Side` pixels wide and from `edge` before their results on, to
// out[point][tile][channel of count].
template <class T, class S>
AVX512 static void spreadTiles(const Tiles& g, const S* x, int64_t channels, int64_t first, int64_t count, int64_t edge, int64_t start, int64_t end, float* out) {
  constexpr int side = T::from;
  int64_t each = (end - start) * count;
  for (int64_t t = start; t < end; t++) {
    int64_t n = t / (g.down * g.across), top = t / g.across % g.down * 4 - edge, left = t % g.across * 4 - edge;
    for (int64_t c = 0; c < count; c += kLane) {
      V in[side * side], found[kPoints];
      for (int i = 0; i < side; i++)
        for (int j = 0; j < side; j++) {
          int64_t row = top + i, column = left + j;
          bool inside = row >= 0 && row < g.height && column >= 0 && column < g.width;
          in[i * side + j] = inside ? get(x + ((n * g.height + row) * g.width + column) * channels + first + c) : _mm512_setzero_ps();
        }
      transform<T>(in, found);
      for (int p = 0; p < kPoints; p++) put(out + p * each + (t - start) * count + c, found[p]);
    }
  }
}

template <class S>
AVX512 static void gatherTiles(const Tiles& g, const float* sums, const float* bias, int64_t channels, int64_t start, int64_t end, S* y) {
  int64_t each = (end - start) * channels;
  for (int64_t t = start; t < end; t++) {
    int64_t n = t / (g.down * g.across), top = t / g.across % g.down * 4, left = t % g.across * 4;
    int64_t rows = std::min<int64_t>(4, g.height - top), columns = std::min<int64_t>(4, g.width - left);
    for (int64_t c = 0; c < channels; c += kLane) {
      V in[kPoints], found[16], add = bias ? get(bias + c) : _mm512_setzero_ps();
      for (int p = 0; p < kPoints; p++) in[p] = get(sums + p * each + (t - start) * channels + c);
      transform<Result>(in, found);
      for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) put(y + ((n * g.height + top + i) * g.width + left + j) * channels + c, found[4 * i + j] + add);
    }
  }
}

// Weights of one lane of outputs and one input: [point][lane][input][output of kLane].
AVX512 static void spreadWeight(const float* w, int64_t inputs, int64_t outputs, bool transposed, int64_t lane, int64_t c, float* out) {
  float numbers[9][kLane];
  for (int64_t l = 0; l < kLane; l++) {
    int64_t o = lane * kLane + l;
    for (int j = 0; j < 9; j++) numbers[j][l] = transposed ? w[(c * outputs + o) * 9 + 8 - j] : w[(o * inputs + c) * 9 + j];
  }
  V in[9], found[kPoints];
  for (int j = 0; j < 9; j++) in[j] = get(numbers[j]);
  transform<Kernel>(in, found);
  for (int p = 0; p < kPoints; p++) put(out + ((p * (outputs / kLane) + lane) * inputs + c) * kLane, found[p]);
}

AVX512 static void gatherWeight(const float* sums, int64_t inputs, int64_t outputs, int64_t c, float* w) {
  for (int64_t o = 0; o < outputs; o += kLane) {
    V in[kPoints], found[9];
    for (int p = 0; p < kPoints; p++) in[p] = get(sums + (p * inputs + c) * outputs + o);
    transform<KernelGradient>(in, found);
    float numbers[9][kLane];
    for (int j = 0; j < 9; j++) put(numbers[j], found[j]);
    for (int64_t l = 0; l < kLane; l++)
      for (int j = 0; j < 9; j++) w[((o + l) * inputs + c) * 9 + j] = numbers[j][l];
  }
}

// Whether this processor has it for tensors of a dtype.
static bool isAble(at::ScalarType dtype) {
  static bool able = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
  return able && (dtype == at::kFloat || dtype == at::kBFloat16);
}
#else
static bool isAble(at::ScalarType) { return false; }
#endif

// Tiles whose numbers between transforms and products, of so many channels, take about `bytes`: what a processor's own
// cache holds.
static int64_t tilesOfBlock(int64_t channels, int64_t bytes) { return std::clamp<int64_t>(bytes / (4 * kPoints * channels) / kRows, 1, 8) * kRows; }

static at::Tensor scratch(int64_t n) { return at::detail::empty_cpu({n}, at::kFloat, std::nullopt, std::nullopt, std::nullopt, std::nullopt); }
static at::Tensor inChannelsLast(const at::Tensor& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }

// Whether channels fill vectors on both sides.
static bool areLanes(int64_t inputs, int64_t outputs) { return inputs > 0 && outputs > 0 && inputs % kLane == 0 && outputs % kLane == 0; }
static bool isKernel(const at::Tensor& w) { return w.dim() == 4 && w.size(2) == 3 && w.size(3) == 3; }

// The weight as `conv3x3_packed` takes it; `transposed`: of the convolution that gives the gradient of the input. As it is
// where Winograd's algorithm is not to be used.
static at::Tensor pack(const at::Tensor& weight, bool transposed) {
  TORCH_CHECK(isKernel(weight), "conv3x3_pack: the weight is ", weight.sizes(), "; expected [out, in, 3, 3]");
  int64_t outputs = weight.size(transposed ? 1 : 0), inputs = weight.size(transposed ? 0 : 1);
  bool pays = isAble(at::kFloat) && weight.is_cpu() && weight.scalar_type() == at::kFloat && areLanes(inputs, outputs);
  if (!pays) return inChannelsLast(transposed ? weight.flip({2, 3}).transpose(0, 1) : weight);
  int64_t lanes = outputs / kLane;
  at::Tensor w = weight.contiguous(), out = at::empty({kPoints, lanes, inputs, kLane}, w.options());
#ifdef WINOGRAD
  const float* from = w.const_data_ptr<float>();
  float* to = out.mutable_data_ptr<float>();
  at::parallel_for(0, lanes * inputs, 128, [&](int64_t start, int64_t end) {
    for (int64_t i = start; i < end; i++) spreadWeight(from, inputs, outputs, transposed, i / inputs, i % inputs, to);
  });
#endif
  return out;
}

#ifdef WINOGRAD
template <class S>
static void convolve(const at::Tensor& x, const float* u, const float* bias, at::Tensor& y) {
  Tiles g(x);
  int64_t inputs = x.size(1), outputs = y.size(1), most = tilesOfBlock(inputs + outputs, 512 << 10);
  const S* in = x.const_data_ptr<S>();
  S* out = y.mutable_data_ptr<S>();
  at::parallel_for(0, (g.all + most - 1) / most, 1, [&](int64_t first, int64_t last) {
    at::Tensor room = scratch(kPoints * most * (inputs + outputs));
    float* v = room.mutable_data_ptr<float>();
    float* m = v + kPoints * most * inputs;
    for (int64_t block = first; block < last; block++) {
      int64_t start = block * most, end = std::min(g.all, start + most), n = end - start;
      spreadTiles<Image>(g, in, inputs, 0, inputs, 1, start, end, v);
      for (int64_t p = 0; p < kPoints; p++)
        multiplyAll(n, outputs, inputs, v + p * n * inputs, inputs, 1, u + p * outputs * inputs, kLane, inputs * kLane, m + p * n * outputs, outputs, false);
      gatherTiles(g, m, bias, outputs, start, end, out);
    }
  });
}
#endif

// x [N, in, H, W] by a packed weight → [N, out, H, W], of the dtype of x; sums are in float32.
static at::Tensor convolvePacked(const at::Tensor& x, const at::Tensor& packed, const std::optional<at::Tensor>& bias) {
  TORCH_CHECK(x.dim() == 4, "conv3x3: the input is ", x.sizes(), "; expected [N, in, H, W]");
  at::Tensor in = inChannelsLast(x), add = bias && bias->defined() ? bias->to(isKernel(packed) ? x.scalar_type() : at::kFloat).contiguous() : at::Tensor();
  if (isKernel(packed)) return at::convolution(in, packed.to(x.scalar_type()), add, {1, 1}, {1, 1}, {1, 1}, false, {0, 0}, 1);
  int64_t outputs = packed.dim() == 4 ? packed.size(1) * kLane : 0;
  TORCH_CHECK(isAble(x.scalar_type()) && x.is_cpu() && packed.is_cpu() && packed.is_contiguous() && packed.scalar_type() == at::kFloat && outputs > 0 && packed.size(0) == kPoints && packed.size(2) == x.size(1) && packed.size(3) == kLane,
              "conv3x3: the weight ", packed.sizes(), " is not one that was packed for ", x.size(1), " channels");
  TORCH_CHECK(!add.defined() || add.numel() == outputs, "conv3x3: the bias has ", add.defined() ? add.numel() : 0, " numbers; expected ", outputs);
  at::Tensor y = at::empty({x.size(0), outputs, x.size(2), x.size(3)}, x.options(), at::MemoryFormat::ChannelsLast);
#ifdef WINOGRAD
  const float *u = packed.const_data_ptr<float>(), *numbers = add.defined() ? add.const_data_ptr<float>() : nullptr;
  if (x.scalar_type() == at::kFloat) convolve<float>(in, u, numbers, y);
  else convolve<at::BFloat16>(in, u, numbers, y);
#endif
  return y;
}

// The gradient of the weight [out, in, 3, 3] in float32, from the input and the gradient of the result.
static at::Tensor weightGradient(const at::Tensor& x, const at::Tensor& grad) {
  TORCH_CHECK(x.dim() == 4 && grad.dim() == 4 && x.size(0) == grad.size(0) && x.sizes().slice(2) == grad.sizes().slice(2) && isAble(x.scalar_type()) && isAble(grad.scalar_type()) && x.is_cpu() && grad.is_cpu() && areLanes(x.size(1), grad.size(1)),
              "conv3x3_weight: input ", x.sizes(), " and gradient ", grad.sizes(), "; expected [N, in, H, W] and [N, out, H, W] of a convolution by conv3x3");
#ifdef WINOGRAD
  int64_t inputs = x.size(1), outputs = grad.size(1);
  at::Tensor in = inChannelsLast(x.to(at::kFloat)), by = inChannelsLast(grad.to(at::kFloat));
  Tiles g(in);
  if (g.all == 0) return at::zeros({outputs, inputs, 3, 3}, in.options());
  // Threads share the inputs' channels; where these are few, the tiles, in four parts whatever the threads, so that each
  // number is a sum in one order.
  int64_t lanes = inputs / kLane, parts = lanes < 4 ? 4 : 1, threads = parts > 1 ? 1 : at::get_num_threads();
  int64_t each = (lanes + threads - 1) / threads * kLane, slices = (inputs + each - 1) / each, whole = kPoints * inputs * outputs, length = (g.all + parts - 1) / parts;
  at::Tensor w = at::empty({outputs, inputs, 3, 3}, in.options()), sums = scratch(parts * whole);
  const float *from = in.const_data_ptr<float>(), *back = by.const_data_ptr<float>();
  float *total = sums.mutable_data_ptr<float>(), *to = w.mutable_data_ptr<float>();
  int64_t most = tilesOfBlock(std::min(each, inputs) + outputs, 4 << 20);
  at::parallel_for(0, slices * parts, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i++) {
      int64_t c = i / parts * each, count = std::min(each, inputs - c), begin = i % parts * length, stop = std::min(g.all, begin + length);
      at::Tensor room = scratch(kPoints * most * (count + outputs));
      float *v = room.mutable_data_ptr<float>(), *d = v + kPoints * most * count, *sum = total + i % parts * whole;
      if (begin >= stop) std::fill_n(sum, whole, 0.f);
      for (int64_t start = begin; start < stop; start += most) {
        int64_t end = std::min(stop, start + most), n = end - start;
        spreadTiles<Image>(g, from, inputs, c, count, 1, start, end, v);
        spreadTiles<ResultGradient>(g, back, outputs, 0, outputs, 0, start, end, d);
        for (int64_t p = 0; p < kPoints; p++)
          multiplyAll(count, outputs, n, v + p * n * count, 1, count, d + p * n * outputs, outputs, kLane, sum + (p * inputs + c) * outputs, outputs, start > begin);
      }
    }
  });
  for (int64_t i = 1; i < parts; i++)
    for (int64_t k = 0; k < whole; k++) total[k] += total[i * whole + k];
  at::parallel_for(0, inputs, kLane, [&](int64_t first, int64_t last) {
    for (int64_t k = first; k < last; k++) gatherWeight(total, inputs, outputs, k, to);
  });
  return w;
#else
  return {};
#endif
}

static at::Tensor convolveNow(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  return convolvePacked(x, pack(weight, false), bias);
}

struct Convolution : torch::autograd::Function<Convolution> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({x, weight});
    return typed<decltype(convolveNow)>("dsbm::_conv3x3").call(x, weight, bias);
  }
  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, std::vector<at::Tensor> grads) {
    auto saved = context->get_saved_variables();
    at::Tensor x = saved[0], weight = saved[1], grad = grads[0], gx, gw, gb;
    if (context->needs_input_grad(0))
      gx = typed<decltype(convolvePacked)>("dsbm::conv3x3_packed").call(grad, typed<decltype(pack)>("dsbm::conv3x3_pack").call(weight, true), std::nullopt);
    if (context->needs_input_grad(1)) gw = typed<decltype(weightGradient)>("dsbm::conv3x3_weight").call(x, grad);
    if (context->needs_input_grad(2)) gb = grad.sum({0, 2, 3}, false, at::kFloat);
    return {gx, gw, gb};
  }
};
static at::Tensor convolveWithGradient(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  return Convolution::apply(x, weight, bias);
}

// A 3×3 convolution of stride 1 and padding 1, in the dtype of autocast where it is on.
static at::Tensor convolveBest(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  auto dtype = at::autocast::is_autocast_enabled(at::kCPU) ? at::autocast::get_autocast_dtype(at::kCPU) : x.scalar_type();
  bool pays = isAble(dtype) && x.is_cpu() && weight.is_cpu() && weight.scalar_type() == at::kFloat && x.dim() == 4 && isKernel(weight) && x.size(1) == weight.size(1) && x.size(2) > 3 && x.size(3) > 3 &&
              areLanes(weight.size(1), weight.size(0)) && (!bias || bias->scalar_type() == at::kFloat);
  if (pays) return typed<decltype(convolveNow)>("dsbm::_conv3x3").call(x.to(dtype), weight, bias);
  return at::conv2d(x, weight, bias, {1, 1}, {1, 1});
}

TORCH_LIBRARY_FRAGMENT(dsbm, m) {
  m.def("conv3x3(Tensor input, Tensor weight, Tensor? bias) -> Tensor");
  m.impl("conv3x3", c10::DispatchKey::CompositeImplicitAutograd, &convolveBest);
  m.def("_conv3x3(Tensor input, Tensor weight, Tensor? bias) -> Tensor");
  m.impl("_conv3x3", c10::DispatchKey::CPU, &convolveNow);
  m.impl("_conv3x3", c10::DispatchKey::AutogradCPU, &convolveWithGradient);
  m.def("conv3x3_pack(Tensor weight, bool transposed) -> Tensor", torch::dispatch(kAnyDevice, &pack));
  m.def("conv3x3_packed(Tensor input, Tensor packed, Tensor? bias) -> Tensor", torch::dispatch(kAnyDevice, &convolvePacked));
  m.def("conv3x3_weight(Tensor input, Tensor grad) -> Tensor", torch::dispatch(kAnyDevice, &weightGradient));
}

}  // namespace dsbm
