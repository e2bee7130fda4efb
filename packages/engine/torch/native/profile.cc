// Where the time goes: PyTorch's own hooks around every operation, replayed or not and on whatever thread, while they are on.
#define NDEBUG  // as libtorch is built: otherwise its header gives RecordFunction another layout
#include "engine.h"

#include <ATen/record_function.h>
#include <c10/util/ApproximateClock.h>

#include <map>
#include <mutex>

namespace dsbm {

// Operations that a trace has at most; times are added up for all.
constexpr size_t kTraced = 200'000;

struct Span : at::ObserverContext {
  std::string key;  // the name, then dtype and shape of each tensor, lists of numbers, True and False
  int64_t start;
};
static thread_local int depth = 0;  // of operations that are made of others
static std::mutex mutex;
static std::map<std::string, std::pair<int64_t, int64_t>> totals;  // calls, nanoseconds
static std::vector<c10::IValue> trace;

static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& f) {
  if (depth++) return nullptr;
  auto span = std::make_unique<Span>();
  span->key = f.name();
  for (const c10::IValue& v : f.inputs())
    if (v.isTensor() && v.toTensor().defined()) span->key += c10::str(' ', dtypeName(v.toTensor().scalar_type()), v.toTensor().sizes());
    else if (v.isIntList() || v.isBool()) span->key += c10::str(' ', v);
  span->start = c10::getTime();
  return span;
}

static void end(const at::RecordFunction& f, at::ObserverContext* context) {
  if (--depth || !context) return;
  int64_t now = c10::getTime();
  auto* span = static_cast<Span*>(context);
  std::lock_guard<std::mutex> lock(mutex);
  auto& [calls, spent] = totals[span->key];
  calls += 1, spent += now - span->start;
  if (trace.size() < 4 * kTraced) trace.insert(trace.end(), {f.name(), static_cast<int64_t>(f.threadId()), span->start, now});
}

// profile(on) -> nothing, or what was seen: [[key, calls, nanoseconds, …], [name, thread, start, end, …]]
EXPORT(profile) {
  static at::CallbackHandle handle = at::INVALID_CALLBACK_HANDLE;
  if (toBool(call.env, call[0], "profile")) {
    handle = at::addGlobalCallback(at::RecordFunctionCallback(begin, end).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
    return undefined(call.env);
  }
  at::removeCallback(handle);
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<c10::IValue> seen[2] = {{}, std::exchange(trace, {})};
  for (auto& [key, sum] : std::exchange(totals, {})) seen[0].insert(seen[0].end(), {key, sum.first, sum.second});
  return jsList(call.env, 2, [&](size_t k) { return jsList(call.env, seen[k].size(), [&](size_t i) { return toJs(call.data, seen[k][i]); }); });
}

}  // namespace dsbm
