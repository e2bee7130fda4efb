// c10d, PyTorch's own processes in step: stores in which ranks meet, process groups, and their collectives as
// operations of the dispatcher, so that they are called, refused and recorded like every other one.
#include "engine.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <c10/util/Logging.h>
#include <torch/library.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#if __has_include(<gloo/config.h>)
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#if defined(DSBM_CUDA) && __has_include(<nccl.h>)
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

// Its header wants MPI's, whose types this door needs none of; weak, since not every libtorch has it.
namespace c10d {
class ProcessGroupMPI : public Backend {
 public:
  __attribute__((weak)) static c10::intrusive_ptr<ProcessGroupMPI> createProcessGroupMPI(std::vector<int> ranks);
};
}  // namespace c10d

namespace dsbm {

using c10d::Store;
using c10d::Work;
using Milliseconds = std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// How often a rank writes down in the store how far it has come, for those who wait for it.
constexpr Milliseconds kProgress{1000};
// How long a rank stays awake for the others.
constexpr Milliseconds kLinger{20};

struct Group {
  c10::intrusive_ptr<c10d::Backend> backend;
  c10::intrusive_ptr<Store> store;
  int64_t started = 0;  // collectives so far
  Clock::time_point reported{};
};

// Known by number, since a recorded program holds numbers. Never destroyed: a group's threads outlive the
// static destructors of a process that ends in the middle of a collective.
struct Registry {
  std::mutex mutex;
  std::map<int64_t, c10::intrusive_ptr<Store>> stores;
  std::map<int64_t, std::shared_ptr<Group>> groups;
  std::multimap<const c10::StorageImpl*, c10::intrusive_ptr<Work>> pending;  // by the memory that they write
  int64_t next = 1;
};
static Registry& registry() {
  static auto* r = new Registry;
  return *r;
}
using Lock = std::lock_guard<std::mutex>;

template <class T>
static T find(const std::map<int64_t, T>& in, int64_t id, const char* what) {
  Lock lock(registry().mutex);
  auto it = in.find(id);
  if (it == in.end()) fail("ERR_TORCH_DISTRIBUTED", std::string(what) + " " + std::to_string(id) + " is closed");
  return it->second;
}
static std::shared_ptr<Group> groupOf(int64_t id) { return find(registry().groups, id, "process group"); }
static c10::intrusive_ptr<Store> storeOf(Call& call) { return find(registry().stores, toInt(call.env, call[0], "store"), "store"); }

template <class T>
static napi_value enter(Call& call, std::map<int64_t, T>& into, T value) {
  Lock lock(registry().mutex);
  into.emplace(registry().next, std::move(value));
  return jsNumber(call.env, static_cast<double>(registry().next++));
}

static std::vector<std::string> toStrings(Call& call, size_t i) {
  std::vector<std::string> out;
  uint32_t n = arrayLength(call.env, call[i], "store: keys");
  for (uint32_t k = 0; k < n; k++) {
    napi_value v;
    check(call.env, napi_get_element(call.env, call[i], k, &v));
    out.push_back(toString(call.env, v, "store: key"));
  }
  return out;
}
static Milliseconds toMs(Call& call, size_t i) { return Milliseconds(toInt(call.env, call[i], "timeout")); }

// A socket on one address alone, for a store that only this machine is to reach; port 0 takes a free one.
static int socketOn(const std::string& address, uint16_t* port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(*port);
  if (inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1) fail("ERR_TORCH_VALUE", "store: \"" + address + "\" is no IPv4 address to listen on");
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  socklen_t size = sizeof where;
  auto* name = reinterpret_cast<sockaddr*>(&where);
  bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && bind(fd, name, size) == 0 && getsockname(fd, name, &size) == 0;
  if (!bound) {
    std::string reason = std::strerror(errno);
    if (fd >= 0) close(fd);
    fail("ERR_TORCH_DISTRIBUTED", reason);
  }
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  *port = ntohs(where.sin_port);
  return fd;
}

// storeTcp(host, port, serves, timeoutMs, listen) -> store, which listens on the address `listen`, or on all where it is "".
// Node exports a libuv of its own, so never that of the store.
EXPORT(storeTcp) {
  static const bool quiet = (c10::initLogging(), true);  // reads TORCH_CPP_LOG_LEVEL
  (void)quiet;
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(toInt(call.env, call[1], "port"));
  options.isServer = toBool(call.env, call[2], "serves");
  options.waitWorkers = false;
  options.timeout = toMs(call, 3);
  options.useLibUV = false;
  std::string listen = typeOf(call.env, call[4]) == napi_string ? toString(call.env, call[4], "listen") : "";
  if (options.isServer && !listen.empty()) options.masterListenFd = socketOn(listen, &options.port);
  // Whoever listens there may be no store and never answer: a thread is then left behind, not the caller.
  std::string host = toString(call.env, call[0], "host");
  auto connect = std::make_shared<std::packaged_task<c10::intrusive_ptr<Store>()>>([host, options] { return c10::intrusive_ptr<Store>(c10::make_intrusive<c10d::TCPStore>(host, options)); });
  auto store = connect->get_future();
  std::thread([connect] { (*connect)(); }).detach();
  if (store.wait_for(options.timeout + Milliseconds(200)) != std::future_status::ready) fail("ERR_TORCH_DISTRIBUTED", "what listens there does not answer as a store");
  return enter(call, registry().stores, store.get());
}

// storeFile(path, worldSize) -> store
EXPORT(storeFile) {
  auto size = static_cast<int>(toInt(call.env, call[1], "worldSize"));
  return enter<c10::intrusive_ptr<Store>>(call, registry().stores, c10::make_intrusive<c10d::FileStore>(toString(call.env, call[0], "path"), size));
}

EXPORT(storeHash) { return enter<c10::intrusive_ptr<Store>>(call, registry().stores, c10::make_intrusive<c10d::HashStore>()); }

// storePrefix(store, prefix) -> store
EXPORT(storePrefix) {
  return enter<c10::intrusive_ptr<Store>>(call, registry().stores, c10::make_intrusive<c10d::PrefixStore>(toString(call.env, call[1], "prefix"), storeOf(call)));
}

EXPORT(storePort) {
  auto* tcp = dynamic_cast<c10d::TCPStore*>(storeOf(call).get());
  return jsNumber(call.env, tcp ? tcp->getPort() : 0);
}

EXPORT(storeSet) {
  storeOf(call)->set(toString(call.env, call[1], "store: key"), toString(call.env, call[2], "store: value"));
  return undefined(call.env);
}

// storeGet(store, key) -> its bytes as a latin1 string, once it is there
EXPORT(storeGet) {
  std::string value = storeOf(call)->get_to_str(toString(call.env, call[1], "store: key"));
  napi_value out;
  check(call.env, napi_create_string_latin1(call.env, value.data(), value.size(), &out));
  return out;
}

EXPORT(storeAdd) {
  int64_t now = storeOf(call)->add(toString(call.env, call[1], "store: key"), toInt(call.env, call[2], "store: amount"));
  return jsNumber(call.env, static_cast<double>(now));
}

EXPORT(storeCheck) { return jsBool(call.env, storeOf(call)->check(toStrings(call, 1))); }
EXPORT(storeDelete) { return jsBool(call.env, storeOf(call)->deleteKey(toString(call.env, call[1], "store: key"))); }

EXPORT(storeWait) {
  storeOf(call)->wait(toStrings(call, 1), toMs(call, 2));
  return undefined(call.env);
}

EXPORT(storeClose) {
  c10::intrusive_ptr<Store> last;  // destroyed after the lock
  Lock lock(registry().mutex);
  auto it = registry().stores.find(toInt(call.env, call[0], "store"));
  if (it == registry().stores.end()) return undefined(call.env);
  last = it->second;
  registry().stores.erase(it);
  return undefined(call.env);
}

// backends() -> those that this libtorch has
EXPORT(backends) {
  std::vector<std::string> names;
#ifdef USE_C10D_GLOO
  names.push_back("gloo");
#endif
#ifdef USE_C10D_NCCL
  names.push_back("nccl");
#endif
  if (&c10d::ProcessGroupMPI::createProcessGroupMPI != nullptr) names.push_back("mpi");
  return jsList(call.env, names.size(), [&](size_t i) { return jsString(call.env, names[i]); });
}

// groupOpen(backend, store, rank, size, timeoutMs, address, interface) -> group; what it needs of its peers it waits for
EXPORT(groupOpen) {
  std::string name = toString(call.env, call[0], "backend");
  auto store = find(registry().stores, toInt(call.env, call[1], "store"), "store");
  [[maybe_unused]] int rank = static_cast<int>(toInt(call.env, call[2], "rank")), size = static_cast<int>(toInt(call.env, call[3], "worldSize"));
  [[maybe_unused]] Milliseconds timeout = toMs(call, 4);
  auto group = std::make_shared<Group>();
  group->store = store;
#ifdef USE_C10D_GLOO
  if (name == "gloo") {
    using Gloo = c10d::ProcessGroupGloo;
    std::string address = toString(call.env, call[5], "address"), interface = toString(call.env, call[6], "interface");
    auto options = Gloo::Options::create(timeout);
    options->devices.push_back(interface.empty() ? Gloo::createDeviceForHostname(address) : Gloo::createDeviceForInterface(interface));
    options->threads = 2;
    group->backend = c10::make_intrusive<Gloo>(store, rank, size, options);
  }
#endif
#ifdef USE_C10D_NCCL
  if (name == "nccl") {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    group->backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
  }
#endif
  if (name == "mpi" && &c10d::ProcessGroupMPI::createProcessGroupMPI != nullptr) {
    auto made = c10d::ProcessGroupMPI::createProcessGroupMPI({});
    if (made) group->backend = c10::static_intrusive_pointer_cast<c10d::Backend>(made);
  }
  if (!group->backend) fail("ERR_TORCH_DISTRIBUTED", "this libtorch has no back end \"" + name + "\" for this process");
  return enter(call, registry().groups, group);
}

EXPORT(groupPlace) {
  const auto& backend = groupOf(toInt(call.env, call[0], "group"))->backend;
  return jsList(call.env, 2, [&](size_t i) { return jsNumber(call.env, i == 0 ? backend->getRank() : backend->getSize()); });
}
EXPORT(groupStarted) { return jsNumber(call.env, static_cast<double>(groupOf(toInt(call.env, call[0], "group"))->started)); }

// groupClose(group, patient): a back end waits in its destructor for what is under way, so only a patient caller may
EXPORT(groupClose) {
  std::shared_ptr<Group> last;
  {
    Lock lock(registry().mutex);
    auto it = registry().groups.find(toInt(call.env, call[0], "group"));
    if (it == registry().groups.end()) return undefined(call.env);
    last = it->second;
    registry().groups.erase(it);
  }
  if (!toBool(call.env, call[1], "patient")) std::thread([last]() mutable { last.reset(); }).detach();
  return undefined(call.env);
}

static c10d::ReduceOp reduction(const std::string& op) {
  static const std::map<std::string, c10d::ReduceOp::RedOpType> kNames{{"sum", c10d::ReduceOp::SUM}, {"min", c10d::ReduceOp::MIN}, {"max", c10d::ReduceOp::MAX}, {"product", c10d::ReduceOp::PRODUCT}};
  auto it = kNames.find(op);
  if (it == kNames.end()) fail("ERR_TORCH_VALUE", "reduction \"" + op + "\" is unknown; expected sum, min, max or product");
  return it->second;
}

static void tellProgress(Group& group) {
  auto now = Clock::now();
  group.started++;
  if (now - group.reported < kProgress) return;
  group.reported = now;
  try {
    group.store->set("at/" + std::to_string(group.backend->getRank()), std::to_string(group.started));
  } catch (const std::exception&) {  // the collective itself will say what is wrong
  }
}

static at::Tensor dense(const at::Tensor& t) {
  if (t.is_meta() || !t.has_storage() || !t.is_contiguous()) fail("ERR_TORCH_VALUE", "a collective takes contiguous tensors with data");
  return t.detach();
}

// Starts a collective that writes `onto`; wait_ or settled() ends it.
template <class F>
static at::Tensor start(int64_t id, const at::Tensor& onto, F collective) {
  at::AutoDispatchBelowADInplaceOrView below;
  auto group = groupOf(id);
  at::Tensor plain = dense(onto);
  tellProgress(*group);
  auto work = collective(*group->backend, plain);
  if (!onto.is_inference()) onto.unsafeGetTensorImpl()->bump_version();
  Lock lock(registry().mutex);
  registry().pending.emplace(onto.storage().unsafeGetStorageImpl(), std::move(work));
  return onto;
}

static at::Tensor allReduce(const at::Tensor& self, int64_t group, c10::string_view op) {
  return start(group, self, [&](c10d::Backend& b, at::Tensor& t) {
    c10d::AllreduceOptions options;
    options.reduceOp = reduction(std::string(op));
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
// Row r of `input` goes to rank r, and row r of `self` comes from there.
static at::Tensor allToAll(const at::Tensor& self, const at::Tensor& input, int64_t group) {
  return start(group, self, [&](c10d::Backend& b, at::Tensor& t) {
    std::vector<int64_t> equal;
    at::Tensor from = dense(input);
    return b.alltoall_base(t, from, equal, equal);
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
  auto end = Clock::now() + kLinger;
  while (!work.isCompleted() && Clock::now() < end) std::this_thread::yield();
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
  m.def("all_reduce_(Tensor(a!) self, int group, str op) -> Tensor(a!)");
  m.def("broadcast_(Tensor(a!) self, int group, int root) -> Tensor(a!)");
  m.def("all_gather_(Tensor(a!) self, Tensor input, int group) -> Tensor(a!)");
  m.def("all_to_all_(Tensor(a!) self, Tensor input, int group) -> Tensor(a!)");
  m.def("wait_(Tensor(a!) self) -> Tensor(a!)");
}
TORCH_LIBRARY_IMPL(dsbm, CompositeExplicitAutograd, m) {
  m.impl("all_reduce_", allReduce);
  m.impl("broadcast_", broadcast);
  m.impl("all_gather_", allGather);
  m.impl("all_to_all_", allToAll);
  m.impl("wait_", wait);
}

// What a promise waits for: the works of one tensor, which end on threads of the back end.
struct Settling {
  napi_deferred deferred;
  napi_threadsafe_function wake;
  std::atomic<size_t> left;
  std::mutex mutex;
  std::string failed;
  std::vector<c10::intrusive_ptr<Work>> works;
};

static void finish(napi_env env, napi_value, void* context, void*) {
  auto* s = static_cast<Settling*>(context);
  std::unique_ptr<Settling> done(s);
  if (!env) return;  // the environment ends first
  napi_value message, code, error, nothing;
  napi_get_undefined(env, &nothing);
  if (s->failed.empty()) {
    napi_resolve_deferred(env, s->deferred, nothing);
  } else {
    napi_create_string_utf8(env, s->failed.data(), s->failed.size(), &message);
    napi_create_string_utf8(env, "ERR_TORCH_DISTRIBUTED", NAPI_AUTO_LENGTH, &code);
    napi_create_error(env, code, message, &error);
    napi_reject_deferred(env, s->deferred, error);
  }
  napi_release_threadsafe_function(s->wake, napi_tsfn_release);
}

// settled(tensor) -> a promise for the end of the collectives that write it
EXPORT(settled) {
  refuseWhileRecording("awaiting a collective");
  auto works = take(tensorOf(call.env, call[0], "settled"));
  auto* s = new Settling;
  napi_value promise, name = jsString(call.env, "dsbm.collective");
  check(call.env, napi_create_promise(call.env, &s->deferred, &promise));
  check(call.env, napi_create_threadsafe_function(call.env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, s, finish, &s->wake));
  s->works = works;
  s->left = works.size() + 1;
  auto one = [s](const std::string& failed) {
    if (!failed.empty()) {
      Lock lock(s->mutex);
      s->failed = failed;
    }
    if (--s->left == 0) napi_call_threadsafe_function(s->wake, nullptr, napi_tsfn_nonblocking);
  };
  for (auto& work : works) {
    work->getFuture()->addCallback([one](c10::ivalue::Future& f) { one(f.hasError() ? f.tryRetrieveErrorMessage() : ""); });
  }
  one("");
  return promise;
}

}  // namespace dsbm
