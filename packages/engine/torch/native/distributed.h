// What the files of several processes share: stores and groups by number, and questions to a store that may not answer.
#pragma once
#include "engine.h"

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace dsbm {

using c10d::Store;
using c10d::Work;
using Milliseconds = std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

struct Group {
  c10::intrusive_ptr<c10d::Backend> backend;
  c10::intrusive_ptr<Store> store;
};

// Known by number, since a recorded program holds numbers. Never destroyed: a group's threads outlive the
// static destructors of a process that ends in the middle of a collective.
struct Registry {
  std::mutex mutex;
  std::map<int64_t, c10::intrusive_ptr<Store>> stores;
  std::map<int64_t, std::shared_ptr<Group>> groups;
  std::map<int64_t, std::shared_ptr<void>> devices;  // of gloo, until a group takes them
  std::multimap<const c10::StorageImpl*, c10::intrusive_ptr<Work>> pending;  // by the memory that they write
  std::set<const Store*> silent;  // stores that a thread waits for in vain
  int64_t next = 1;
};
inline Registry& registry() {
  static auto* r = new Registry;
  return *r;
}
using Lock = std::lock_guard<std::mutex>;

template <class T>
T find(const std::map<int64_t, T>& in, int64_t id, const char* what) {
  Lock lock(registry().mutex);
  auto it = in.find(id);
  if (it == in.end()) fail("ERR_TORCH_DISTRIBUTED", std::string(what) + " " + std::to_string(id) + " is closed");
  return it->second;
}

template <class T>
napi_value enter(Call& call, std::map<int64_t, T>& into, T value) {
  Lock lock(registry().mutex);
  into.emplace(registry().next, std::move(value));
  return jsNumber(call.env, static_cast<double>(registry().next++));
}

inline Milliseconds toMs(Call& call, size_t i) { return Milliseconds(toInt(call.env, call[i], "timeout")); }

// The store on the network that is behind a store; none for those in files and in memory.
inline c10::intrusive_ptr<Store> onNetwork(const c10::intrusive_ptr<Store>& store) {
  auto* prefix = dynamic_cast<c10d::PrefixStore*>(store.get());
  auto under = prefix ? prefix->getUnderlyingNonPrefixStore() : store;
  return dynamic_cast<c10d::TCPStore*>(under.get()) ? under : nullptr;
}

// Asks a store. One on the network may never answer, since half a message of whoever connects to it keeps its server busy,
// and c10d waits without end: a thread is then left behind, not the caller. `most` is the longest time of a true answer.
template <class F>
auto ask(const c10::intrusive_ptr<Store>& store, F question, Milliseconds most = Milliseconds(0)) -> decltype(question(*store)) {
  auto served = onNetwork(store);
  if (!served) return question(*store);
  constexpr const char* kSilent = "the store does not answer: its server is gone, or what connects to its port and is no rank keeps it busy";
  {
    Lock lock(registry().mutex);
    if (registry().silent.count(served.get())) fail("ERR_TORCH_DISTRIBUTED", kSilent);
  }
  auto task = std::make_shared<std::packaged_task<decltype(question(*store))()>>([store, question] { return question(*store); });
  auto answer = task->get_future();
  std::thread([task, served] {
    (*task)();
    Lock lock(registry().mutex);
    registry().silent.erase(served.get());
  }).detach();
  if (answer.wait_for(std::max(most, served->getTimeout()) + Milliseconds(200)) != std::future_status::ready) {
    Lock lock(registry().mutex);
    if (answer.wait_for(Milliseconds(0)) != std::future_status::ready) {
      registry().silent.insert(served.get());
      fail("ERR_TORCH_DISTRIBUTED", kSilent);
    }
  }
  return answer.get();
}

}  // namespace dsbm
