// Memory of a replay planned ahead: a program's first run notes each allocation and when it ends, and later runs find all of
// them at fixed places in one block, without malloc.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace dsbm {

struct MemoryPlan;

// Of one program; threads that run it share it.
struct PlannedMemory {
  PlannedMemory();
  ~PlannedMemory();
  std::mutex mutex;
  std::shared_ptr<const MemoryPlan> plan;
  bool noting = false;  // a thread makes the plan
  int tries = 0;        // to make it
};

void giveBackBlocks();

// While it lives, what this thread allocates is planned. A run that needs less memory than its recording did is `smaller`: the
// heap is given back before the first one.
struct PlannedScope {
  PlannedScope(PlannedMemory& memory, bool smaller);
  ~PlannedScope();
  void finish();  // the run came to its end
 private:
  PlannedMemory& of;
};

// The allocator's side: what a thread allocates is planned, or noted for a plan, while it has a run. `__thread` in the static
// part is read without a call.
struct Run;
extern __thread Run* thisRun __attribute__((tls_model("initial-exec")));
void* takeFrom(Run& run, size_t bytes);  // null: malloc is to serve
void giveBack(void* mark);
void noteTaken(Run& run, void* p, size_t bytes);
void noteFreed(Run& run, void* p);

// allocator.cc: what precedes every block of the allocator, and bytes in use.
constexpr size_t kAlignment = 64;
struct Header {
  size_t size;
  void* block;  // of malloc; a mark, with the lowest bit set, where the place was planned
};
constexpr uintptr_t kMark = 1;
bool isWithinLimit(int64_t bytes);
void countBytes(int64_t bytes);

}  // namespace dsbm
