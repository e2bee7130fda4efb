// Sinkhorn's iteration, accelerated, between points of equal or other weights: one pass over the kernel for both products of an iteration.
// Sums are those of blocks of rows, added up in order, so that numbers do not depend on threads.
#include "kernels.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <cmath>

namespace dsbm {

constexpr int64_t kPairs = 1 << 15;  // of a thread; fewer do not pay
constexpr int64_t kBlocks = 32, kLeast = 16;  // blocks of rows at most, rows of a block at least
constexpr int64_t kRows = 4, kColumns = 8;    // at a time
constexpr int64_t kHistory = 8;  // iterations that an accelerated one looks back at
// Of the squared change: an increase above which an iteration is taken back, and the damping, which bounds the weights.
constexpr double kGrowth = 4, kDamping = 1e-8;
typedef double Doubles __attribute__((vector_size(8 * kColumns)));

struct Problem {
  const double *kernel, *a, *b;
  double *u, *v, *next;
  int64_t n, m;
  double tau;
};

// weight/sum^τ: the marginal is kept (τ = 1) or penalised.
[[gnu::always_inline]] static inline double scaling(double weight, double sum, double tau) { return weight / (tau == 1 ? sum : std::pow(sum, tau)); }

// Scalings of R rows from their sums, and what they add to the sums of columns.
template <int64_t R>
[[gnu::always_inline]] static inline void rows(const Problem& p, int64_t row, double* columns) {
  const double* k = p.kernel + row * p.m;
  Doubles sums[R] = {}, x, y;
  int64_t j = 0;
  for (; j + kColumns <= p.m; j += kColumns) {
    load(p.v + j, y);
#pragma GCC unroll 4
    for (int64_t r = 0; r < R; r++) load(k + r * p.m + j, x), sums[r] += x * y;
  }
  double u[R];
  for (int64_t r = 0; r < R; r++) {
    double sum = 0;
    for (int64_t i = 0; i < kColumns; i++) sum += sums[r][i];
    for (int64_t i = j; i < p.m; i++) sum += k[r * p.m + i] * p.v[i];
    p.u[row + r] = u[r] = scaling(p.a[row + r], sum, p.tau);
  }
  for (j = 0; j + kColumns <= p.m; j += kColumns) {
    load(columns + j, y);
#pragma GCC unroll 4
    for (int64_t r = 0; r < R; r++) load(k + r * p.m + j, x), y += x * u[r];
    store(columns + j, y);
  }
  for (; j < p.m; j++)
    for (int64_t r = 0; r < R; r++) columns[j] += k[r * p.m + j] * u[r];
}
VECTORISED static void rowsOf(const Problem& p, int64_t begin, int64_t end, double* columns) {
  int64_t i = begin;
  for (; i + kRows <= end; i += kRows) rows<kRows>(p, i, columns);
  for (; i < end; i++) rows<1>(p, i, columns);
}
VECTORISED static void sumColumns(const double* parts, int64_t blocks, int64_t m, double* sums) {
  for (int64_t i = 0; i < blocks; i++)
    for (int64_t j = 0; j < m; j++) sums[j] += parts[i * m + j];
}

// One iteration: u, and v's next values; → the total deviation of the column sums from those that it wants.
static double iterate(const Problem& p, std::vector<double>& parts) {
  int64_t size = std::max(kLeast, (p.n + kBlocks - 1) / kBlocks), blocks = (p.n + size - 1) / size;
  parts.assign((blocks + 1) * p.m, 0);
  at::parallel_for(0, blocks, std::max<int64_t>(1, kPairs / (size * p.m)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) rowsOf(p, i * size, std::min(p.n, (i + 1) * size), parts.data() + i * p.m);
  });
  double *sums = parts.data() + blocks * p.m, deviation = 0;
  sumColumns(parts.data(), blocks, p.m, sums);
  for (int64_t j = 0; j < p.m; j++) {
    p.next[j] = scaling(p.b[j], sums[j], p.tau);
    deviation += std::abs(p.next[j] - p.v[j]) * sums[j];
  }
  return deviation;
}

// The same in PyTorch's operations, for other devices and layouts.
static double iterate(const at::Tensor& kernel, const at::Tensor& a, const at::Tensor& b, at::Tensor& u, const at::Tensor& v, at::Tensor& next, double tau) {
  u.copy_(a / kernel.mv(v).pow(tau));
  at::Tensor sums = kernel.t().mv(u);
  next = b / sums.pow(tau);
  return (next - v).abs().dot(sums).item<double>();
}

// Anderson's acceleration of a fixed-point iteration x ← x + f(x) (type II, Walker and Ni 2011): of the last iterates the
// combination whose changes f cancel best, by least squares.
struct Accelerator {
  int64_t n, count = 0;
  std::vector<double> last, change, moves[kHistory], changes[kHistory];
  double products[kHistory][kHistory] = {};

  VECTORISED void advance(double* x, const double* f) {
    if (!change.empty() && dot(f, f) > kGrowth * dot(change.data(), change.data())) {
      for (int64_t i = 0; i < n; i++) x[i] = last[i] + change[i];
      return count = 0, change.clear();
    }
    if (!change.empty()) {
      int64_t slot = count++ % kHistory;
      std::vector<double>&moved = moves[slot], &changed = changes[slot];
      moved.resize(n), changed.resize(n);
      for (int64_t i = 0; i < n; i++) changed[i] = f[i] - change[i], moved[i] = x[i] - last[i] + changed[i];
      for (int64_t j = 0; j < std::min(count, kHistory); j++) products[slot][j] = products[j][slot] = dot(changed.data(), changes[j].data());
    }
    last.assign(x, x + n), change.assign(f, f + n);
    double weights[kHistory];
    int64_t size = std::min(count, kHistory);
    solve(size, f, weights);
    for (int64_t i = 0; i < n; i++) x[i] += f[i];
    for (int64_t j = 0; j < size; j++)
      for (int64_t i = 0; i < n; i++) x[i] -= weights[j] * moves[j][i];
  }

  double dot(const double* a, const double* b) const {
    double sums[kColumns] = {}, total = 0;
    int64_t i = 0;
    for (; i + kColumns <= n; i += kColumns)
      for (int64_t k = 0; k < kColumns; k++) sums[k] += a[i + k] * b[i + k];
    for (; i < n; i++) total += a[i] * b[i];
    for (double sum : sums) total += sum;
    return total;
  }

  // Of the normal equations, by elimination; what rounding makes singular is damped.
  void solve(int64_t size, const double* f, double* weights) const {
    double rows[kHistory][kHistory + 1], damping = kDamping * dot(f, f);
    for (int64_t i = 0; i < size; i++) damping += 1e-14 * products[i][i];
    for (int64_t i = 0; i < size; i++) {
      std::copy(products[i], products[i] + size, rows[i]);
      rows[i][i] += damping;
      rows[i][size] = dot(changes[i].data(), f);
    }
    for (int64_t i = 0; i < size; i++)
      for (int64_t k = 0; k < size; k++) {
        double by = k == i ? 0 : rows[k][i] / rows[i][i];
        for (int64_t j = i; j <= size; j++) rows[k][j] -= by * rows[i][j];
      }
    for (int64_t i = 0; i < size; i++) weights[i] = damping > 0 ? rows[i][size] / rows[i][i] : 0;
  }
};

static bool isPlain(const at::Tensor& t) { return t.is_cpu() && t.is_contiguous(); }

static void check(const char* name, const at::Tensor& kernel, at::TensorList ofRows, at::TensorList ofColumns) {
  TORCH_CHECK(kernel.dim() == 2 && kernel.numel() > 0 && kernel.scalar_type() == at::kDouble, name, ": expected a float64 kernel [n, m], got ", kernel.toString(), " ", kernel.sizes());
  for (size_t end = 0; end < 2; end++)
    for (const at::Tensor& t : end == 0 ? ofRows : ofColumns)
      TORCH_CHECK(t.sizes() == at::IntArrayRef{kernel.size(end)} && t.scalar_type() == at::kDouble && t.device() == kernel.device(),
                  name, ": expected float64 vectors of a number for each row and column of ", kernel.sizes(), ", got ", t.toString(), " ", t.sizes());
}

// Iterations of the scalings u and v until the deviation is at most `tolerance`, at most `most`; log v is accelerated, except by
// the last one. → float64 [deviation before the last iteration, iterations]
static at::Tensor iterations(const at::Tensor& kernel, const at::Tensor& a, const at::Tensor& b, at::Tensor& u, at::Tensor& v, double tau, double tolerance, int64_t most) {
  check("sinkhorn_", kernel, {a, u}, {b, v});
  TORCH_CHECK(most > 0, "sinkhorn_: expected at least one iteration, got ", most);
  bool direct = isPlain(kernel) && isPlain(a) && isPlain(b) && isPlain(u) && isPlain(v);
  at::AutoDispatchBelowADInplaceOrView below;
  at::Tensor next = at::empty_like(v), f = at::empty_like(v), x = v.log().cpu();
  Problem p{};
  if (direct)
    p = {kernel.const_data_ptr<double>(), a.const_data_ptr<double>(), b.const_data_ptr<double>(), u.mutable_data_ptr<double>(), v.mutable_data_ptr<double>(), next.mutable_data_ptr<double>(), kernel.size(0), kernel.size(1), tau};
  std::vector<double> parts;
  Accelerator accelerator{kernel.size(1)};
  double deviation, count = 0;
  for (;;) {
    deviation = direct ? iterate(p, parts) : iterate(kernel, a, b, u, v, next, tau);
    if (++count == most || !(deviation > tolerance)) break;
    at::div_out(f, next, v).log_();
    accelerator.advance(x.mutable_data_ptr<double>(), f.cpu().const_data_ptr<double>());
    direct ? at::exp_out(v, x) : v.copy_(x.exp());
  }
  v.copy_(next);
  if (direct) markWritten(u), markWritten(v);
  return at::tensor({deviation, count}, at::kDouble);
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
  m.def("sinkhorn_(Tensor kernel, Tensor a, Tensor b, Tensor(a!) u, Tensor(b!) v, float tau, float tolerance, int most) -> Tensor");
  m.impl("sinkhorn_", c10::DispatchKey::CompositeExplicitAutograd, &iterations);
  m.def("sinkhorn_plan_(Tensor(a!) kernel, Tensor u, Tensor v) -> Tensor");
  m.impl("sinkhorn_plan_", c10::DispatchKey::CompositeExplicitAutograd, &scale);
}

}  // namespace dsbm
