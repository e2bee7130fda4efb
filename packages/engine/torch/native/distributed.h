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
#include <thread>

namespace dsbm {

using c10d::Store;
using c10d::Work;
using Milliseconds = std::chrono::milliseconds;

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
  std::multimap<const c10::StorageImpl*, c10::intrusive_ptr<Work>> pending;  // by the memory that they write
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

// It, no longer listed; its end, which may wait, is for after the lock. Null where it is closed.
template <class T>
T taken(std::map<int64_t, T>& from, int64_t id) {
  Lock lock(registry().mutex);
  auto node = from.extract(id);
  return node ? std::move(node.mapped()) : T();
}

template <class T>
napi_value enter(Call& call, std::map<int64_t, T>& into, T value) {
  Lock lock(registry().mutex);
  into.emplace(registry().next, std::move(value));
  return jsNumber(call.env, static_cast<double>(registry().next++));
}

inline Milliseconds toMs(Call& call, size_t i) { return Milliseconds(toInt(call.env, call[i], "timeout")); }

// What a thread of its own will give: c10d may wait without end, and a thread is then left behind, not the caller.
template <class F>
auto aside(F work) {
  std::packaged_task<decltype(work())()> task(std::move(work));
  auto answer = task.get_future();
  std::thread(std::move(task)).detach();
  return answer;
}

// Asks a store. One on the network may never answer, since half a message of whoever connects to it keeps its server busy.
// `most` is the longest time of a true answer.
template <class F>
auto ask(const c10::intrusive_ptr<Store>& store, F question, Milliseconds most = Milliseconds(0)) -> decltype(question(*store)) {
  if (!dynamic_cast<c10d::TCPStore*>(store.get())) return question(*store);
  auto answer = aside([store, question] { return question(*store); });
  if (answer.wait_for(std::max(most, store->getTimeout()) + Milliseconds(200)) != std::future_status::ready)
    fail("ERR_TORCH_DISTRIBUTED", "the store does not answer: its server is gone, or what connects to its port and is no rank keeps it busy");
  return answer.get();
}

}  // namespace dsbm
