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
  double* kernel;
  const double *a, *b;
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

// u K v in place of a row of the kernel. → its sum
VECTORISED static double planRow(double* k, const double* v, int64_t m, double u) {
  double sums[kColumns] = {}, total = 0;
  int64_t j = 0;
  for (; j + kColumns <= m; j += kColumns)
    for (int64_t i = 0; i < kColumns; i++) sums[i] += k[j + i] *= u * v[j + i];
  for (; j < m; j++) total += k[j] *= u * v[j];
  for (double sum : sums) total += sum;
  return total;
}

// Calls f(block, first row, row after the last) in parallel. → the number of blocks
template <class F>
static int64_t inBlocks(int64_t n, int64_t m, const F& f) {
  int64_t size = std::max(kLeast, (n + kBlocks - 1) / kBlocks), blocks = (n + size - 1) / size;
  at::parallel_for(0, blocks, std::max<int64_t>(1, kPairs / std::max<int64_t>(1, size * m)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) f(i, i * size, std::min(n, (i + 1) * size));
  });
  return blocks;
}

// One iteration: u, and v's next values; → the total deviation of the column sums from those that it wants.
static double iterate(const Problem& p, std::vector<double>& parts) {
  parts.assign((kBlocks + 1) * p.m, 0);
  int64_t blocks = inBlocks(p.n, p.m, [&](int64_t i, int64_t begin, int64_t end) { rowsOf(p, begin, end, parts.data() + i * p.m); });
  double *sums = parts.data() + blocks * p.m, deviation = 0;
  sumColumns(parts.data(), blocks, p.m, sums);
  for (int64_t j = 0; j < p.m; j++) {
    p.next[j] = scaling(p.b[j], sums[j], p.tau);
    deviation += std::abs(p.next[j] - p.v[j]) * sums[j];
  }
  return deviation;
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

// The plan u K v in place of the kernel. → the total deviation of its row sums
static double toPlan(const Problem& p) {
  std::vector<double> sums(p.n);
  inBlocks(p.n, p.m, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) sums[i] = planRow(p.kernel + i * p.m, p.v, p.m, p.u[i]);
  });
  double error = 0;
  for (int64_t i = 0; i < p.n; i++) error += std::abs(p.a[i] * (p.tau == 1 ? 1 : std::pow(sums[i] / p.u[i], 1 - p.tau)) - sums[i]);
  return error;
}

// Iterations of the scalings u and v until the deviation of the column sums is at most `tolerance`, at most `most`; log v is
// accelerated, except by the last one. The kernel becomes the plan. → float64 [deviation of the plan's row sums, iterations]
static at::Tensor iterations(at::Tensor& kernel, const at::Tensor& a, const at::Tensor& b, at::Tensor& u, at::Tensor& v, double tau, double tolerance, int64_t most) {
  auto isPlain = [](const at::Tensor& t) { return t.is_cpu() && t.is_contiguous() && t.scalar_type() == at::kDouble; };
  TORCH_CHECK(kernel.dim() == 2 && kernel.numel() > 0 && isPlain(kernel), "sinkhorn_: expected a contiguous float64 kernel [n, m] on the processor, got ", kernel.toString(), " ", kernel.sizes());
  for (auto [t, end] : {std::pair(&a, 0), {&u, 0}, {&b, 1}, {&v, 1}})
    TORCH_CHECK(t->sizes() == at::IntArrayRef{kernel.size(end)} && isPlain(*t), "sinkhorn_: expected float64 vectors of a number for each row and column of ", kernel.sizes(), ", got ", t->toString(), " ", t->sizes());
  TORCH_CHECK(most > 0, "sinkhorn_: expected at least one iteration, got ", most);
  at::AutoDispatchBelowADInplaceOrView below;
  at::Tensor next = at::empty_like(v), f = at::empty_like(v), x = v.log();
  Problem p{kernel.mutable_data_ptr<double>(), a.const_data_ptr<double>(), b.const_data_ptr<double>(), u.mutable_data_ptr<double>(), v.mutable_data_ptr<double>(), next.mutable_data_ptr<double>(), kernel.size(0), kernel.size(1), tau};
  std::vector<double> parts;
  Accelerator accelerator{kernel.size(1)};
  double count = 0;
  for (;;) {
    double deviation = iterate(p, parts);
    if (++count == most || !(deviation > tolerance)) break;
    at::div_out(f, next, v).log_();
    accelerator.advance(x.mutable_data_ptr<double>(), f.const_data_ptr<double>());
    at::exp_out(v, x);
  }
  v.copy_(next);
  double error = toPlan(p);
  markWritten(kernel), markWritten(u), markWritten(v);
  return at::tensor({error, count}, at::kDouble);
}

// exp(rows columnsᵀ), so many rows at a time that they stay in the cache
static at::Tensor expProduct(const at::Tensor& rows, const at::Tensor& columns) {
  if (!rows.is_cpu()) return rows.mm(columns.t()).exp_();
  at::Tensor out = at::empty({rows.size(0), columns.size(0)}, rows.options()), right = columns.t();
  inBlocks(out.size(0), out.size(1), [&](int64_t, int64_t begin, int64_t end) {
    at::AutoDispatchBelowADInplaceOrView below;
    for (int64_t i = begin; i < end; i += kLeast) {
      at::Tensor part = out.narrow(0, i, std::min(kLeast, end - i));
      at::mm_out(part, rows.narrow(0, i, part.size(0)), right).exp_();
    }
  });
  return out;
}

TORCH_LIBRARY_FRAGMENT(dsbm, m) {
  m.def("exp_product(Tensor rows, Tensor columns) -> Tensor", torch::dispatch(kAnyDevice, &expProduct));
  m.def("sinkhorn_(Tensor(c!) kernel, Tensor a, Tensor b, Tensor(a!) u, Tensor(b!) v, float tau, float tolerance, int most) -> Tensor", torch::dispatch(kAnyDevice, &iterations));
}

}  // namespace dsbm
