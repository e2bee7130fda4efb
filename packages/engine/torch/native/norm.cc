// GroupNorm, the scale and shift of a conditional network (Perez et al. 2018) and SiLU as one pass over images [N, C, H, W]
// that are channels-last, and its gradient. Each image is worked on by one thread, so that numbers do not depend on threads.
#include "kernels.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

namespace dsbm {

constexpr int64_t kRun = 256;

// Adds x − first, and its square, over pixels to the sums of all channels.
VECTORISED static void moments(const float* __restrict x, const float* __restrict first, int64_t pixels, int64_t channels, float* __restrict sums, float* __restrict squares) {
  for (int64_t p = 0; p < pixels; p++, x += channels)
    for (int64_t c = 0; c < channels; c++) {
      float v = x[c] - first[c];
      sums[c] += v, squares[c] += v * v;
    }
}

// y = SiLU(factor x + shift), or without SiLU.
VECTORISED static void scaled(const float* __restrict x, const float* __restrict factor, const float* __restrict shift, int64_t pixels, int64_t channels, bool silu, float* __restrict y) {
  for (int64_t p = 0; p < pixels; p++, x += channels, y += channels) {
    if (silu)
      for (int64_t c = 0; c < channels; c++) y[c] = dsbm::silu(x[c] * factor[c] + shift[c]);
    else
      for (int64_t c = 0; c < channels; c++) y[c] = x[c] * factor[c] + shift[c];
  }
}

// The gradient before SiLU, and its sums over pixels, alone and with x − first, for all channels.
VECTORISED static void backThroughSilu(const float* __restrict grad, const float* __restrict x, const float* __restrict first, const float* __restrict factor, const float* __restrict shift,
                                       int64_t pixels, int64_t channels, bool silu, float* __restrict out, float* __restrict sums, float* __restrict products) {
  for (int64_t p = 0; p < pixels; p++, x += channels, grad += channels, out += channels) {
    if (silu)
      for (int64_t c = 0; c < channels; c++) {
        float z = x[c] * factor[c] + shift[c], s = 1 / onePlusExp(z);
        out[c] = grad[c] * (s * (1 + z * (1 - s)));
      }
    else
      std::copy_n(grad, channels, out);
    for (int64_t c = 0; c < channels; c++) sums[c] += out[c], products[c] += out[c] * (x[c] - first[c]);
  }
}

// g = factor g + slope x + shift
VECTORISED static void backThroughNorm(float* __restrict g, const float* __restrict x, const float* __restrict factor, const float* __restrict slope, const float* __restrict shift, int64_t pixels, int64_t channels) {
  for (int64_t p = 0; p < pixels; p++, x += channels, g += channels)
    for (int64_t c = 0; c < channels; c++) g[c] = factor[c] * g[c] + slope[c] * x[c] + shift[c];
}

VECTORISED static void widen(const uint16_t* __restrict from, int64_t n, float* __restrict to) {
  for (int64_t i = 0; i < n; i++) to[i] = widened(from[i]);
}
VECTORISED static void narrow(const float* __restrict from, int64_t n, uint16_t* __restrict to) {
  for (int64_t i = 0; i < n; i++) to[i] = rounded(from[i]);
}

// What a channel of an image is multiplied by and what is added: of the normalisation, of the film, and of both.
struct Affine {
  std::vector<float> mean, rstd, factor, shift;
  Affine(const float* moments, const float* weight, const float* bias, const float* film, int64_t channels, int64_t groups) : mean(channels), rstd(channels), factor(channels), shift(channels) {
    for (int64_t c = 0; c < channels; c++) {
      int64_t g = c / (channels / groups);
      mean[c] = moments[2 * g], rstd[c] = moments[2 * g + 1];
      float scale = film ? 1 + film[c] : 1, by = weight[c] * scale, add = film ? bias[c] * scale + film[channels + c] : bias[c];
      factor[c] = rstd[c] * by;
      shift[c] = add - mean[c] * factor[c];
    }
  }
};

static at::Tensor plainly(const at::Tensor& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }
static at::Tensor floats(const std::optional<at::Tensor>& t) { return t && t->defined() ? t->to(at::kFloat).contiguous() : at::Tensor(); }
static const float* numbers(const at::Tensor& t) { return t.defined() ? t.const_data_ptr<float>() : nullptr; }

struct Sizes {
  int64_t images, channels, pixels, groups, all;
  Sizes(const at::Tensor& x, int64_t g, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& film) : groups(g) {
    TORCH_CHECK(x.dim() == 4 && x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16), "group_norm_silu: got ", x.toString(), x.sizes(), "; expected [N, C, H, W] in float32 or bfloat16 of the processor");
    images = x.size(0), channels = x.size(1), pixels = x.size(2) * x.size(3), all = channels * pixels;
    TORCH_CHECK(channels > 0 && groups > 0 && channels % groups == 0 && pixels > 0, "group_norm_silu: ", groups, " groups for images ", x.sizes(), "; expected a divisor of the channels");
    TORCH_CHECK(weight.numel() == channels && bias.numel() == channels && (!film.defined() || (film.dim() == 2 && film.size(0) == images && film.size(1) == 2 * channels)), "group_norm_silu: weight, bias or film do not fit ", channels, " channels");
  }
};

// The image as floats: itself, or copied to the room.
static const float* asFloats(const at::Tensor& x, int64_t at, int64_t n, float* room) {
  if (x.scalar_type() == at::kFloat) return x.const_data_ptr<float>() + at;
  widen(static_cast<const uint16_t*>(x.const_data_ptr()) + at, n, room);
  return room;
}
static float* floatsFor(at::Tensor& y, int64_t at, float* room) { return y.scalar_type() == at::kFloat ? y.mutable_data_ptr<float>() + at : room; }
static void settle(const float* from, int64_t n, at::Tensor& y, int64_t at) {
  if (y.scalar_type() != at::kFloat) narrow(from, n, static_cast<uint16_t*>(y.mutable_data_ptr()) + at);
}

static void measure(const float* x, const Sizes& s, float eps, float* out) {
  std::vector<double> mean(s.channels), spread(s.channels);
  std::vector<float> sums(2 * s.channels);
  for (int64_t p = 0; p < s.pixels; p += kRun) {
    std::fill(sums.begin(), sums.end(), 0.f);
    moments(x + p * s.channels, x, std::min(kRun, s.pixels - p), s.channels, sums.data(), sums.data() + s.channels);
    for (int64_t c = 0; c < s.channels; c++) mean[c] += sums[c], spread[c] += sums[s.channels + c];
  }
  for (int64_t c = 0; c < s.channels; c++) {
    double sum = mean[c];
    mean[c] = x[c] + sum / s.pixels, spread[c] -= sum * sum / s.pixels;
  }
  int64_t each = s.channels / s.groups;
  for (int64_t g = 0; g < s.groups; g++) {
    double all = 0, around = 0;
    for (int64_t c = g * each; c < (g + 1) * each; c++) all += mean[c] / each;
    for (int64_t c = g * each; c < (g + 1) * each; c++) around += spread[c] + s.pixels * (mean[c] - all) * (mean[c] - all);
    out[2 * g] = static_cast<float>(all);
    out[2 * g + 1] = static_cast<float>(1 / std::sqrt(std::max(0.0, around) / (each * s.pixels) + eps));
  }
}

// → the result, channels-last, and mean and 1/deviation of each group [N, groups, 2]
static std::tuple<at::Tensor, at::Tensor> normalise(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, const std::optional<at::Tensor>& film, int64_t groups, double eps, bool silu) {
  at::Tensor x = plainly(input), w = floats(weight), b = floats(bias), f = floats(film);
  Sizes s(x, groups, w, b, f);
  at::Tensor y = at::empty_like(x), stats = at::empty({s.images, groups, 2}, w.options());
  float* found = stats.mutable_data_ptr<float>();
  at::parallel_for(0, s.images, 1, [&](int64_t first, int64_t last) {
    std::vector<float> room(x.scalar_type() == at::kFloat ? 0 : s.all);
    for (int64_t n = first; n < last; n++) {
      const float* from = asFloats(x, n * s.all, s.all, room.data());
      float* to = floatsFor(y, n * s.all, room.data());
      measure(from, s, static_cast<float>(eps), found + n * groups * 2);
      Affine by(found + n * groups * 2, numbers(w), numbers(b), f.defined() ? numbers(f) + 2 * n * s.channels : nullptr, s.channels, groups);
      scaled(from, by.factor.data(), by.shift.data(), s.pixels, s.channels, silu, to);
      settle(to, s.all, y, n * s.all);
    }
  });
  return {y, stats};
}

// → gradients of the input, weight, bias and film (none without one)
static std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> normaliseBackward(const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& stats, const at::Tensor& weight, const at::Tensor& bias,
                                                                                    const std::optional<at::Tensor>& film, int64_t groups, bool silu) {
  at::Tensor x = plainly(input), grad = plainly(gradient.to(x.scalar_type())), w = floats(weight), b = floats(bias), f = floats(film);
  Sizes s(x, groups, w, b, f);
  TORCH_CHECK(grad.sizes() == x.sizes() && stats.is_cpu() && stats.scalar_type() == at::kFloat && stats.is_contiguous() && stats.numel() == 2 * groups * s.images, "group_norm_silu_backward: the gradient is ", grad.sizes(), " for images ", x.sizes());
  at::Tensor out = at::empty_like(x), parts = at::empty({2, s.images, s.channels}, w.options()), filmed = f.defined() ? at::empty_like(f) : at::Tensor();
  const float *found = stats.const_data_ptr<float>(), *pw = numbers(w), *pb = numbers(b);
  float *part = parts.mutable_data_ptr<float>(), *back = f.defined() ? filmed.mutable_data_ptr<float>() : nullptr;
  at::parallel_for(0, s.images, 1, [&](int64_t first, int64_t last) {
    bool plain = x.scalar_type() == at::kFloat;
    std::vector<float> room(plain ? 0 : s.all), room2(plain ? 0 : s.all), room3(plain ? 0 : s.all), sum(s.channels), product(s.channels), slope(s.channels), shift(s.channels);
    for (int64_t n = first; n < last; n++) {
      const float *from = asFloats(x, n * s.all, s.all, room.data()), *g = asFloats(grad, n * s.all, s.all, room2.data());
      float* to = floatsFor(out, n * s.all, room3.data());
      const float* of = f.defined() ? numbers(f) + 2 * n * s.channels : nullptr;
      Affine by(found + n * groups * 2, pw, pb, of, s.channels, groups);
      std::fill(slope.begin(), slope.end(), 0.f), std::fill(shift.begin(), shift.end(), 0.f);
      for (int64_t p = 0; p < s.pixels; p += kRun) {
        std::fill(sum.begin(), sum.end(), 0.f), std::fill(product.begin(), product.end(), 0.f);
        int64_t at = p * s.channels;
        backThroughSilu(g + at, from + at, by.mean.data(), by.factor.data(), by.shift.data(), std::min(kRun, s.pixels - p), s.channels, silu, to + at, sum.data(), product.data());
        for (int64_t c = 0; c < s.channels; c++) shift[c] += sum[c], slope[c] += product[c];
      }
      int64_t each = s.channels / groups, count = each * s.pixels;
      for (int64_t k = 0; k < groups; k++) {
        double alone = 0, along = 0;
        for (int64_t c = k * each; c < (k + 1) * each; c++) {
          float scale = of ? 1 + of[c] : 1, gf = by.rstd[c] * slope[c], gh = shift[c];
          part[n * s.channels + c] = gf * scale;
          part[(s.images + n) * s.channels + c] = gh * scale;
          if (back) back[2 * n * s.channels + c] = gf * pw[c] + gh * pb[c], back[(2 * n + 1) * s.channels + c] = gh;
          alone += double(pw[c]) * scale * gh, along += double(pw[c]) * scale * gf;
        }
        for (int64_t c = k * each; c < (k + 1) * each; c++) {
          slope[c] = static_cast<float>(-by.rstd[c] * by.rstd[c] * along / count);
          shift[c] = static_cast<float>(-by.rstd[c] * alone / count) - slope[c] * by.mean[c];
        }
      }
      backThroughNorm(to, from, by.factor.data(), slope.data(), shift.data(), s.pixels, s.channels);
      settle(to, s.all, out, n * s.all);
    }
  });
  at::Tensor sums = parts.sum(1);
  return {out, sums.select(0, 0), sums.select(0, 1), filmed};
}

struct Normalised : torch::autograd::Function<Normalised> {
  static std::vector<at::Tensor> forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const std::optional<at::Tensor>& film, int64_t groups, double eps, bool silu) {
    at::AutoDispatchBelowADInplaceOrView below;
    auto [y, stats] = typed<decltype(normalise)>("dsbm::group_norm_silu").call(x, weight, bias, film, groups, eps, silu);
    context->save_for_backward({x, weight, bias, film ? *film : at::Tensor(), stats});
    context->mark_non_differentiable({stats});
    context->saved_data["groups"] = groups, context->saved_data["silu"] = silu;
    return {y, stats};
  }
  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, std::vector<at::Tensor> grads) {
    auto saved = context->get_saved_variables();
    std::optional<at::Tensor> film = saved[3].defined() ? std::optional(saved[3]) : std::nullopt;
    int64_t groups = context->saved_data["groups"].toInt();
    bool silu = context->saved_data["silu"].toBool();
    std::vector<at::Tensor> out(7);
    auto [x, w, b, f] = typed<decltype(normaliseBackward)>("dsbm::group_norm_silu_backward").call(grads[0], saved[0], saved[4], saved[1], saved[2], film, groups, silu);
    out[0] = x, out[1] = w, out[2] = b;
    if (film) out[3] = f.to(film->scalar_type());
    return out;
  }
};
static std::tuple<at::Tensor, at::Tensor> normaliseWithGradient(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const std::optional<at::Tensor>& film, int64_t groups, double eps, bool silu) {
  auto found = Normalised::apply(x, weight, bias, film, groups, eps, silu);
  return {found[0], found[1]};
}

TORCH_LIBRARY_FRAGMENT(dsbm, m) {
  m.def("group_norm_silu(Tensor input, Tensor weight, Tensor bias, Tensor? film, int groups, float eps, bool silu) -> (Tensor, Tensor)");
  m.impl("group_norm_silu", c10::DispatchKey::CPU, &normalise);
  m.impl("group_norm_silu", c10::DispatchKey::AutogradCPU, &normaliseWithGradient);
  m.def("group_norm_silu_backward(Tensor grad, Tensor input, Tensor stats, Tensor weight, Tensor bias, Tensor? film, int groups, bool silu) -> (Tensor, Tensor, Tensor, Tensor)");
  m.impl("group_norm_silu_backward", c10::DispatchKey::CPU, &normaliseBackward);
}

}  // namespace dsbm
