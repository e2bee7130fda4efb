// Plans of memory: offsets for a run's allocations such that those that live at the same time do not overlap. A run is checked
// against its plan: malloc serves what has no room in it and, where a tensor lives longer, all that follow.
#include "planned.h"

#include "engine.h"

#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <atomic>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace dsbm {

// Making a plan takes the square of the allocations; a program of more, or one that differs at each run, has none.
constexpr size_t kMostPlanned = 1 << 14;
constexpr int kMostTries = 3;
constexpr size_t kLasting = SIZE_MAX;  // end of what outlives the run
constexpr int64_t kFromMalloc = -1;    // its offset

struct Allocation {
  size_t bytes;
  size_t end = kLasting;  // it is freed before the allocation of this number
  int64_t offset = kFromMalloc;
};
struct MemoryPlan {
  std::vector<Allocation> all;  // in their order
  std::vector<size_t> byEnd;   // the planned ones
  size_t bytes = 0;
};

// Memory for one run at a time, of whatever program. It lives until the last tensor in it is freed.
struct Block {
  struct Mark {
    std::atomic<bool> lives{false};
    Block* block = nullptr;
  };
  std::atomic<int64_t> users{1};  // who has it, and its tensors
  at::DataPtr memory;
  size_t bytes, marks;
  std::unique_ptr<Mark[]> mark;
  Block(size_t bytes, size_t marks) : memory(c10::GetCPUAllocator()->allocate(bytes)), bytes(bytes), marks(marks), mark(new Mark[marks]) {
    for (size_t i = 0; i < marks; i++) mark[i].block = this;
    size_t& counted = static_cast<Header*>(memory.get())[-1].size;
    countBytes(-static_cast<int64_t>(std::exchange(counted, 0)));  // it counts while a run uses it
  }
  static void leave(Block* block) { if (block && block->users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete block; }
};

struct Run {
  std::shared_ptr<const MemoryPlan> plan;
  Block* block = nullptr;
  bool differs = false;
  size_t next = 0, checked = 0;  // of the plan's allocations, and of its ends
  bool notes = false;
  std::unique_ptr<MemoryPlan> noted;
  std::unordered_map<void*, size_t> open;
};
__thread Run* thisRun = nullptr;

// Blocks that no thread uses now.
struct IdleBlocks {
  std::mutex mutex;
  std::vector<Block*> all;
};
static IdleBlocks& idle() { return immortal<IdleBlocks>(); }

// They go with the last program, and when another is recorded, which needs memory of its own.
void giveBackBlocks() {
  std::lock_guard<std::mutex> lock(idle().mutex);
  for (Block* block : std::exchange(idle().all, {})) Block::leave(block);
}
static std::atomic<int64_t> programs{0};
PlannedMemory::PlannedMemory() { programs++; }
PlannedMemory::~PlannedMemory() { if (!--programs) giveBackBlocks(); }

// Gives back what malloc holds for tensors that a block is to take, or that lived while a program was recorded.
static void trimHeap() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

// A block with room for the plan: an idle one, or a new one in the place of an idle one. Null where there is no memory for it.
static Block* blockFor(const MemoryPlan& plan) {
  size_t bytes = plan.bytes, marks = plan.all.size();
  {
    std::lock_guard<std::mutex> lock(idle().mutex);
    auto& all = idle().all;
    auto found = std::find_if(all.begin(), all.end(), [&](Block* b) { return b->bytes >= bytes && b->marks >= marks; });
    bool fits = found != all.end();
    if (!all.empty()) {
      Block* block = std::exchange(*(fits ? found : all.begin()), all.back());
      all.pop_back();
      if (fits) return block;
      bytes = std::max(bytes, block->bytes), marks = std::max(marks, block->marks);
      Block::leave(block);
    }
  }
  trimHeap();
  try {
    return new Block(bytes, marks);
  } catch (const c10::OutOfMemoryError&) {  // malloc may find room for its parts
    return nullptr;
  }
}

// Where each allocation goes: the largest first, each into the smallest gap between those that live at the same time. Null
// where none ends in the run.
static std::shared_ptr<const MemoryPlan> placed(std::unique_ptr<MemoryPlan> plan) {
  auto& all = plan->all;
  for (size_t i = 0; i < all.size(); i++) if (all[i].end != kLasting) plan->byEnd.push_back(i);
  std::vector<size_t> bySize = plan->byEnd, before;
  std::stable_sort(bySize.begin(), bySize.end(), [&](size_t a, size_t b) { return all[a].bytes > all[b].bytes; });
  std::stable_sort(plan->byEnd.begin(), plan->byEnd.end(), [&](size_t a, size_t b) { return all[a].end < all[b].end; });
  auto room = [](size_t bytes) { return static_cast<int64_t>(kAlignment + (bytes + kAlignment - 1) / kAlignment * kAlignment); };
  std::vector<std::pair<int64_t, int64_t>> taken;
  for (size_t i : bySize) {
    taken.clear();
    for (size_t j : before) if (j < all[i].end && i < all[j].end) taken.emplace_back(all[j].offset, all[j].offset + room(all[j].bytes));
    std::sort(taken.begin(), taken.end());
    int64_t free = 0, best = -1, gap = INT64_MAX, wanted = room(all[i].bytes);
    for (auto [from, to] : taken) {
      if (from - free >= wanted && from - free < gap) best = free, gap = from - free;
      free = std::max(free, to);
    }
    all[i].offset = best < 0 ? free : best;
    plan->bytes = std::max(plan->bytes, static_cast<size_t>(all[i].offset + wanted));
    before.push_back(i);
  }
  return plan->byEnd.empty() ? nullptr : std::move(plan);
}

PlannedScope::PlannedScope(PlannedMemory& memory, bool smaller) : of(memory) {
  auto run = std::make_unique<Run>();
  {
    std::lock_guard<std::mutex> lock(of.mutex);
    run->plan = of.plan;
    if (!run->plan && !of.noting && of.tries < kMostTries) of.noting = run->notes = true, of.tries++, run->noted = std::make_unique<MemoryPlan>();
  }
  if (run->notes && smaller) trimHeap();
  if (run->plan && isWithinLimit(static_cast<int64_t>(run->plan->bytes))) run->block = blockFor(*run->plan);
  if (run->block) countBytes(static_cast<int64_t>(run->plan->bytes));
  thisRun = run.release();
}

void PlannedScope::finish() {
  Run& run = *thisRun;
  if (!run.noted) return;
  auto plan = run.noted->all.size() <= kMostPlanned ? placed(std::move(run.noted)) : nullptr;
  std::lock_guard<std::mutex> lock(of.mutex);
  of.plan = plan;
  if (!plan) of.tries = kMostTries;
}

PlannedScope::~PlannedScope() {
  std::unique_ptr<Run> run(std::exchange(thisRun, nullptr));
  if (Block* block = run->block) {
    countBytes(-static_cast<int64_t>(run->plan->bytes));
    bool isFree = block->users.load(std::memory_order_acquire) == 1;
    std::lock_guard<std::mutex> lock(idle().mutex);
    if (isFree) idle().all.push_back(block);
    else run->differs = true, Block::leave(block);
  }
  std::lock_guard<std::mutex> lock(of.mutex);
  if (of.plan == run->plan && run->differs) of.plan = nullptr;
  if (run->notes) of.noting = false;
}

void* takeFrom(Run& run, size_t bytes) {
  if (!run.block || run.differs) return nullptr;
  const MemoryPlan& plan = *run.plan;
  auto lives = [&](size_t i) -> std::atomic<bool>& { return run.block->mark[i].lives; };
  size_t i = run.next++;
  run.differs = i >= plan.all.size();
  for (; !run.differs && run.checked < plan.byEnd.size() && plan.all[plan.byEnd[run.checked]].end <= i; run.checked++)
    run.differs = lives(plan.byEnd[run.checked]).load(std::memory_order_acquire);
  if (run.differs || plan.all[i].offset == kFromMalloc || plan.all[i].bytes < bytes) return nullptr;
  lives(i).store(true, std::memory_order_relaxed);
  run.block->users.fetch_add(1, std::memory_order_relaxed);
  void* p = static_cast<char*>(run.block->memory.get()) + plan.all[i].offset + kAlignment;
  static_cast<Header*>(p)[-1] = {bytes, reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(&run.block->mark[i]) | kMark)};
  return p;
}

void giveBack(void* marked) {
  auto* mark = reinterpret_cast<Block::Mark*>(reinterpret_cast<uintptr_t>(marked) & ~kMark);
  Block* block = mark->block;
  mark->lives.store(false, std::memory_order_release);
  Block::leave(block);
}

void noteTaken(Run& run, void* p, size_t bytes) {
  if (!run.noted) return;
  run.open[p] = run.noted->all.size();
  run.noted->all.push_back({bytes});
}
void noteFreed(Run& run, void* p) {
  if (!run.noted) return;
  auto found = run.open.find(p);
  if (found == run.open.end()) return;
  run.noted->all[found->second].end = run.noted->all.size();
  run.open.erase(found);
}

}  // namespace dsbm
