// Process groups of c10d, PyTorch's own processes in step, and their collectives as operations of the dispatcher, so that
// they are called, refused and recorded like every other one.
#include "distributed.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/library.h>

#if __has_include(<gloo/config.h>)
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#if defined(DSBM_CUDA) && __has_include(<nccl.h>)
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

namespace dsbm {

// How long a rank stays awake for the others.
constexpr Milliseconds kLinger{20};

static std::shared_ptr<Group> groupOf(int64_t id) { return find(registry().groups, id, "process group"); }

// backends() -> those that this libtorch has
EXPORT(backends) {
  std::vector<std::string> names;
#ifdef USE_C10D_GLOO
  names.push_back("gloo");
#endif
#ifdef USE_C10D_NCCL
  names.push_back("nccl");
#endif
  return jsList(call.env, names.size(), [&](size_t i) { return jsString(call.env, names[i]); });
}

// groupOpen(backend, store, prefix, rank, size, timeoutMs, address, interface) -> group, which listens on the address (gloo); what
// it needs of its peers it waits for
EXPORT(groupOpen) {
  std::string name = toString(call.env, call[0], "backend");
  auto whole = find(registry().stores, toInt(call.env, call[1], "store"), "store");
  auto store = c10::make_intrusive<c10d::PrefixStore>(toString(call.env, call[2], "prefix"), whole);
  [[maybe_unused]] int rank = static_cast<int>(toInt(call.env, call[3], "rank")), size = static_cast<int>(toInt(call.env, call[4], "worldSize"));
  [[maybe_unused]] Milliseconds timeout = toMs(call, 5);
  auto group = std::make_shared<Group>();
  group->store = store;
#ifdef USE_C10D_GLOO
  if (name == "gloo") {
    using Gloo = c10d::ProcessGroupGloo;
    auto options = Gloo::Options::create(timeout);
    std::string address = toString(call.env, call[6], "address"), interface = toString(call.env, call[7], "interface");
    options->devices.push_back(interface.empty() ? Gloo::createDeviceForHostname(address) : Gloo::createDeviceForInterface(interface));
    options->threads = 2;
    // It waits for each rank's address, then for its connection.
    group->backend = ask(whole, [=](Store&) { return c10::intrusive_ptr<c10d::Backend>(c10::make_intrusive<Gloo>(store, rank, size, options)); }, 2 * timeout);
  }
#endif
#ifdef USE_C10D_NCCL
  if (name == "nccl") {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    group->backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
  }
#endif
  if (!group->backend) fail("ERR_TORCH_DISTRIBUTED", "this libtorch has no back end \"" + name + "\" for this process");
  return enter(call, registry().groups, group);
}

// groupClose(group, patient): a back end waits in its destructor for what is under way, so only a patient caller may
ACTION(groupClose) {
  auto last = taken(registry().groups, toInt(call.env, call[0], "group"));
  if (!toBool(call.env, call[1], "patient")) aside([last = std::move(last)]() mutable { last.reset(); });
}

static at::Tensor dense(const at::Tensor& t) {
  if (t.is_meta() || !t.has_storage() || !t.is_contiguous()) fail("ERR_TORCH_VALUE", "a collective takes contiguous tensors with data");
  return t.detach();
}

// Starts a collective that writes `onto`; wait_ ends it.
template <class F>
static at::Tensor start(int64_t id, const at::Tensor& onto, F collective) {
  at::AutoDispatchBelowADInplaceOrView below;
  auto group = groupOf(id);
  at::Tensor plain = dense(onto);
  auto work = collective(*group->backend, plain);
  markWritten(onto);
  Lock lock(registry().mutex);
  registry().pending.emplace(onto.storage().unsafeGetStorageImpl(), std::move(work));
  return onto;
}

static at::Tensor allReduce(const at::Tensor& self, int64_t group, c10::string_view op) {
  return start(group, self, [&](c10d::Backend& b, at::Tensor& t) {
    c10d::AllreduceOptions options;
    options.reduceOp = op == "max" ? c10d::ReduceOp::MAX : c10d::ReduceOp::SUM;
    std::vector<at::Tensor> list{t};
    return b.allreduce(list, options);
  });
}
static at::Tensor broadcast(const at::Tensor& self, int64_t group, int64_t root) {
  return start(group, self, [&](c10d::Backend& b, at::Tensor& t) {
    c10d::BroadcastOptions options;
    options.rootRank = root;
    std::vector<at::Tensor> list{t};
    return b.broadcast(list, options);
  });
}
// One row of `self` for each rank.
static at::Tensor allGather(const at::Tensor& self, const at::Tensor& input, int64_t group) {
  return start(group, self, [&](c10d::Backend& b, at::Tensor& t) {
    std::vector<std::vector<at::Tensor>> outputs{t.unbind(0)};
    std::vector<at::Tensor> inputs{dense(input)};
    return b.allgather(outputs, inputs);
  });
}

static std::vector<c10::intrusive_ptr<Work>> take(const at::Tensor& self) {
  std::vector<c10::intrusive_ptr<Work>> out;
  if (!self.has_storage()) return out;
  Lock lock(registry().mutex);
  auto [first, last] = registry().pending.equal_range(self.storage().unsafeGetStorageImpl());
  for (auto it = first; it != last; ++it) out.push_back(it->second);
  registry().pending.erase(first, last);
  return out;
}

// Gives its core to whoever wants it instead of going to sleep: a core that sleeps takes far longer to wake, above all in
// a virtual machine, than an exchange between processes takes.
static void linger(Work& work) {
  auto end = std::chrono::steady_clock::now() + kLinger;
  while (!work.isCompleted() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

static at::Tensor wait(const at::Tensor& self) {
  std::string failed;
  for (auto& work : take(self)) {
    try {
      linger(*work);
      work->wait();
    } catch (const c10::Error& e) {
      failed = e.what_without_backtrace();
    } catch (const std::exception& e) {
      failed = e.what();
    }
  }
  if (!failed.empty()) fail("ERR_TORCH_DISTRIBUTED", failed);
  return self;
}

TORCH_LIBRARY(dsbm, m) {
  m.def("all_reduce_(Tensor(a!) self, int group, str op) -> Tensor(a!)", torch::dispatch(kAnyDevice, &allReduce));
  m.def("broadcast_(Tensor(a!) self, int group, int root) -> Tensor(a!)", torch::dispatch(kAnyDevice, &broadcast));
  m.def("all_gather_(Tensor(a!) self, Tensor input, int group) -> Tensor(a!)", torch::dispatch(kAnyDevice, &allGather));
  m.def("wait_(Tensor(a!) self) -> Tensor(a!)", torch::dispatch(kAnyDevice, &wait));
}

}  // namespace dsbm
