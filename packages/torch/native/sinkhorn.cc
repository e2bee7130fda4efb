// Sinkhorn's iteration between points of equal or other weights: one pass over the kernel for both products of an iteration.
// Sums are those of blocks of rows, added up in order, so that numbers do not depend on threads.
#include "kernels.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <cmath>

namespace dsbm {

constexpr int64_t kPairs = 1 << 15;  // of a thread; fewer do not pay
constexpr int64_t kBlocks = 32, kLeast = 16;  // blocks of rows at most, rows of a block at least
constexpr int64_t kRows = 4, kColumns = 8;    // at a time
constexpr int64_t kBetween = 3;  // iterations between two choices of the relaxation
typedef double Doubles __attribute__((vector_size(8 * kColumns)));

struct Problem {
  const double *kernel, *a, *b;
  double *u, *v;
  int64_t n, m;
  double tau, omega;
};

// u^(1 − ω) w^ω for w = weight/sum^τ: the marginal is kept (τ = 1) or penalised.
[[gnu::always_inline]] static inline double plain(double weight, double sum, double tau) { return weight / (tau == 1 ? sum : std::pow(sum, tau)); }
[[gnu::always_inline]] static inline double relaxed(double old, double next, double omega) {
  if (omega == 1) return next;
  double ratio = next / old, by = ratio - 1;
  // The powers of what is near to 1 are a short sum.
  if (std::abs(by) < 1e-3) return old * (1 + omega * by * (1 + (omega - 1) / 2 * by * (1 + (omega - 2) / 3 * by)));
  return old * std::exp(omega * std::log(ratio));
}

// Scalings of R rows from their sums, and what they add to the sums of columns; → the deviation of the sums.
template <int64_t R>
[[gnu::always_inline]] static inline double rows(const Problem& p, int64_t row, double* columns) {
  const double* k = p.kernel + row * p.m;
  Doubles sums[R] = {}, x, y;
  int64_t j = 0;
  for (; j + kColumns <= p.m; j += kColumns) {
    load(p.v + j, y);
#pragma GCC unroll 4
    for (int64_t r = 0; r < R; r++) load(k + r * p.m + j, x), sums[r] += x * y;
  }
  double u[R], deviation = 0;
  for (int64_t r = 0; r < R; r++) {
    double sum = 0;
    for (int64_t i = 0; i < kColumns; i++) sum += sums[r][i];
    for (int64_t i = j; i < p.m; i++) sum += k[r * p.m + i] * p.v[i];
    double next = plain(p.a[row + r], sum, p.tau);
    deviation += std::abs(next - p.u[row + r]) * sum;
    p.u[row + r] = u[r] = relaxed(p.u[row + r], next, p.omega);
  }
  for (j = 0; j + kColumns <= p.m; j += kColumns) {
    load(columns + j, y);
#pragma GCC unroll 4
    for (int64_t r = 0; r < R; r++) load(k + r * p.m + j, x), y += x * u[r];
    store(columns + j, y);
  }
  for (; j < p.m; j++)
    for (int64_t r = 0; r < R; r++) columns[j] += k[r * p.m + j] * u[r];
  return deviation;
}
VECTORISED static double rowsOf(const Problem& p, int64_t begin, int64_t end, double* columns) {
  double deviation = 0;
  int64_t i = begin;
  for (; i + kRows <= end; i += kRows) deviation += rows<kRows>(p, i, columns);
  for (; i < end; i++) deviation += rows<1>(p, i, columns);
  return deviation;
}
VECTORISED static void sumColumns(const double* parts, int64_t blocks, int64_t m, double* sums) {
  for (int64_t i = 0; i < blocks; i++)
    for (int64_t j = 0; j < m; j++) sums[j] += parts[i * m + j];
}

// One iteration; → the total deviation of the row sums from those that it wants.
static double iterate(const Problem& p, std::vector<double>& parts) {
  int64_t size = std::max(kLeast, (p.n + kBlocks - 1) / kBlocks), blocks = (p.n + size - 1) / size;
  parts.assign((blocks + 1) * p.m, 0);
  std::vector<double> deviations(blocks);
  at::parallel_for(0, blocks, std::max<int64_t>(1, kPairs / (size * p.m)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) deviations[i] = rowsOf(p, i * size, std::min(p.n, (i + 1) * size), parts.data() + i * p.m);
  });
  double *sums = parts.data() + blocks * p.m, deviation = 0;
  sumColumns(parts.data(), blocks, p.m, sums);
  for (int64_t j = 0; j < p.m; j++) p.v[j] = relaxed(p.v[j], plain(p.b[j], sums[j], p.tau), p.omega);
  for (double one : deviations) deviation += one;
  return deviation;
}

// The same in PyTorch's operations, for other devices and layouts.
static double iterate(const at::Tensor& kernel, const at::Tensor& a, const at::Tensor& b, at::Tensor& u, at::Tensor& v, double tau, double omega) {
  auto update = [&](at::Tensor& old, const at::Tensor& next) { old.copy_(omega == 1 ? next : old * (next / old).log().mul(omega).exp()); };
  at::Tensor sums = kernel.mv(v), next = a / sums.pow(tau);
  double deviation = (next - u).abs().dot(sums).item<double>();
  update(u, next);
  update(v, b / kernel.t().mv(u).pow(tau));
  return deviation;
}

// The over-relaxation for a contraction by `rate` an iteration with the present one: Sinkhorn's iteration is Gauss-Seidel's in
// the potentials, so that Young's formula holds (Thibault 2021). Back to 1 where the deviation grows.
static double relaxation(double omega, double rate) {
  if (!(rate < 1)) return rate > 1.02 ? 1 : omega;
  if (rate <= omega - 1) return omega;
  double eta = std::min(1., (rate + omega - 1) * (rate + omega - 1) / (rate * omega * omega));
  return std::min(1.9995, std::max(omega, 2 / (1 + std::sqrt(1 - eta))));
}

static bool isPlain(const at::Tensor& t) { return t.is_cpu() && t.is_contiguous(); }

static void check(const char* name, const at::Tensor& kernel, at::TensorList ofRows, at::TensorList ofColumns) {
  TORCH_CHECK(kernel.dim() == 2 && kernel.numel() > 0 && kernel.scalar_type() == at::kDouble, name, ": expected a float64 kernel [n, m], got ", kernel.toString(), " ", kernel.sizes());
  for (size_t end = 0; end < 2; end++)
    for (const at::Tensor& t : end == 0 ? ofRows : ofColumns)
      TORCH_CHECK(t.sizes() == at::IntArrayRef{kernel.size(end)} && t.scalar_type() == at::kDouble && t.device() == kernel.device(),
                  name, ": expected float64 vectors of a number for each row and column of ", kernel.sizes(), ", got ", t.toString(), " ", t.sizes());
}

// Iterations of the scalings u and v until the deviation is at most `tolerance`, at most `most`; the last one is not relaxed.
// → float64 [omega, deviation before the last iteration, iterations]
static at::Tensor iterations(const at::Tensor& kernel, const at::Tensor& a, const at::Tensor& b, at::Tensor& u, at::Tensor& v, double tau, double omega, double tolerance, int64_t most) {
  check("sinkhorn_", kernel, {a, u}, {b, v});
  TORCH_CHECK(most > 0, "sinkhorn_: expected at least one iteration, got ", most);
  bool direct = isPlain(kernel) && isPlain(a) && isPlain(b) && isPlain(u) && isPlain(v);
  Problem p{};
  if (direct)
    p = {kernel.const_data_ptr<double>(), a.const_data_ptr<double>(), b.const_data_ptr<double>(), u.mutable_data_ptr<double>(), v.mutable_data_ptr<double>(), kernel.size(0), kernel.size(1), tau, 1};
  std::vector<double> parts;
  double deviation = 0, before = 0, measured = 0;
  int64_t count = 0;
  for (bool ended = false; !ended;) {
    // The iteration that will be the last one by the present rate, or must be.
    bool last = count == most - 1 || (count > 0 && deviation <= tolerance) || (count > 1 && deviation * deviation <= tolerance * before);
    p.omega = last ? 1 : omega;
    before = deviation;
    deviation = direct ? iterate(p, parts) : iterate(kernel, a, b, u, v, tau, p.omega);
    // That of the potentials at the start says nothing about the rate.
    if (count % kBetween == 1) {
      if (count > 1) omega = relaxation(omega, std::pow(deviation / measured, 1. / kBetween));
      measured = deviation;
    }
    count++;
    ended = std::isnan(deviation) || count == most || (deviation <= tolerance && p.omega == 1);
  }
  if (direct) markWritten(u), markWritten(v);
  return at::tensor({omega, deviation, static_cast<double>(count)}, at::kDouble);
}

VECTORISED static void scaleRow(double* k, const double* v, int64_t m, double u, double* sum) {
  Doubles sums = {}, x, y;
  int64_t j = 0;
  for (; j + kColumns <= m; j += kColumns) {
    load(k + j, x), load(v + j, y);
    x *= u * y;
    sums += x;
    store(k + j, x);
  }
  double total = 0;
  for (int64_t i = 0; i < kColumns; i++) total += sums[i];
  for (; j < m; j++) total += k[j] *= u * v[j];
  *sum = total;
}

// kernel ← u kernel v, the plan; → the sums of its rows.
static at::Tensor scale(at::Tensor& kernel, const at::Tensor& u, const at::Tensor& v) {
  check("sinkhorn_plan_", kernel, {u}, {v});
  if (!isPlain(kernel) || !isPlain(u) || !isPlain(v)) return kernel.mul_(u.unsqueeze(-1)).mul_(v).sum(-1);
  at::Tensor sums = at::empty_like(u);
  int64_t m = kernel.size(1);
  double *k = kernel.mutable_data_ptr<double>(), *sum = sums.mutable_data_ptr<double>();
  const double *left = u.const_data_ptr<double>(), *right = v.const_data_ptr<double>();
  at::parallel_for(0, kernel.size(0), std::max<int64_t>(1, kPairs / m), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) scaleRow(k + i * m, right, m, left[i], sum + i);
  });
  markWritten(kernel);
  return sums;
}

// Fills rows by PyTorch's operations, so many at a time that they stay in the cache; fill(rows, the first one, their number).
template <class F>
static at::Tensor filled(at::Tensor out, const F& fill) {
  int64_t n = out.size(0), size = std::max<int64_t>(1, kPairs / std::max<int64_t>(1, out.size(1)));
  if (!out.is_cpu()) return fill(out, 0, n), out;
  at::parallel_for(0, (n + size - 1) / size, 1, [&](int64_t begin, int64_t end) {
    at::AutoDispatchBelowADInplaceOrView below;
    for (int64_t i = begin * size; i < std::min(n, end * size); i += size) {
      int64_t count = std::min(size, n - i);
      at::Tensor part = out.narrow(0, i, count);
      fill(part, i, count);
    }
  });
  return out;
}

// exp((f + g − cost)/reg)
static at::Tensor kernelOf(const at::Tensor& cost, const at::Tensor& f, const at::Tensor& g, double reg) {
  check("sinkhorn_kernel", cost, {f}, {g});
  return filled(at::empty_like(cost, at::MemoryFormat::Contiguous), [&](at::Tensor& part, int64_t i, int64_t count) {
    at::sub_out(part, g, cost.narrow(0, i, count));
    part.add_(f.narrow(0, i, count).unsqueeze(-1)).div_(reg).exp_();
  });
}

// exp(rows columnsᵀ)
static at::Tensor productKernel(const at::Tensor& rows, const at::Tensor& columns) {
  TORCH_CHECK(rows.dim() == 2 && columns.dim() == 2 && rows.size(1) == columns.size(1) && rows.numel() > 0 && columns.numel() > 0 && rows.scalar_type() == at::kDouble && columns.scalar_type() == at::kDouble && rows.device() == columns.device(),
              "sinkhorn_product_kernel: expected float64 factors [n, k] and [m, k], got ", rows.toString(), " ", rows.sizes(), " and ", columns.toString(), " ", columns.sizes());
  at::Tensor right = columns.t();
  return filled(at::empty({rows.size(0), columns.size(0)}, rows.options()), [&](at::Tensor& part, int64_t i, int64_t count) {
    at::mm_out(part, rows.narrow(0, i, count), right);
    part.exp_();
  });
}

TORCH_LIBRARY_FRAGMENT(dsbm, m) {
  m.def("sinkhorn_kernel(Tensor cost, Tensor f, Tensor g, float reg) -> Tensor");
  m.impl("sinkhorn_kernel", c10::DispatchKey::CompositeExplicitAutograd, &kernelOf);
  m.def("sinkhorn_product_kernel(Tensor rows, Tensor columns) -> Tensor");
  m.impl("sinkhorn_product_kernel", c10::DispatchKey::CompositeExplicitAutograd, &productKernel);
  m.def("sinkhorn_(Tensor kernel, Tensor a, Tensor b, Tensor(a!) u, Tensor(b!) v, float tau, float omega, float tolerance, int most) -> Tensor");
  m.impl("sinkhorn_", c10::DispatchKey::CompositeExplicitAutograd, &iterations);
  m.def("sinkhorn_plan_(Tensor(a!) kernel, Tensor u, Tensor v) -> Tensor");
  m.impl("sinkhorn_plan_", c10::DispatchKey::CompositeExplicitAutograd, &scale);
}

}  // namespace dsbm
