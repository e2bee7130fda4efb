// CPU memory, counted: malloc behind a header that remembers the size, so that peaks can be reported, and a request that
// the machine cannot serve is an error instead of the kernel's kill.
#include "engine.h"
#include "planned.h"

#include <c10/core/CPUAllocator.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#ifdef __GLIBC__
#include <malloc.h>
#include <sys/mman.h>
#endif

namespace dsbm {

// As libtorch's own allocator, which calls posix_memalign: malloc takes half as long, and finds holes again that exact
// blocks of the same size have left.
static_assert(sizeof(Header) <= alignof(std::max_align_t));

// Blocks from here on are mapped when they are made; the kernel zeroes pages of 2 MiB at once, where it has them.
constexpr size_t kMapped = size_t(32) << 20, kHugePage = size_t(2) << 20;

constexpr int64_t kNoLimit = int64_t(1) << 60;
// The kernel is asked what is left before the use grows by so much.
constexpr int64_t kAsk = int64_t(256) << 20;

// On lines of the cache of their own: every thread writes the first.
alignas(64) static std::atomic<int64_t> current{0};
alignas(64) static std::atomic<int64_t> peak{0};
static __thread int64_t allocations __attribute__((tls_model("initial-exec"))) = 0;
static std::atomic<int64_t> limit{kNoLimit};
static std::atomic<int64_t> vouched{kAsk};  // up to here the machine has said yes

// KiB by a key such as "MemAvailable:" in a file of the kernel; -1 where there is none.
static int64_t kibibytes(const char* path, const char* key) {
  std::ifstream file(path);
  int64_t kib = -1;
  for (std::string word; file >> word;)
    if (word == key) return file >> kib ? kib : -1;
  return -1;
}

// Bytes that this process can still touch: those of the machine, less what was granted and was not yet written to, which no
// counter of the kernel shows. -1 where the system does not tell.
static int64_t leftOnMachine() {
  int64_t kib = kibibytes("/proc/meminfo", "MemAvailable:");
  if (kib < 0) return -1;
  int64_t touched = kibibytes("/proc/self/status", "RssAnon:");
  int64_t promised = touched < 0 ? 0 : std::max<int64_t>(0, current.load(std::memory_order_relaxed) - (touched << 10));
  return std::max<int64_t>(0, (kib << 10) - promised);
}

static void askForMore(size_t n, int64_t wanted) {
  int64_t left = leftOnMachine();
  TORCH_CHECK_WITH(OutOfMemoryError, left < 0 || n <= static_cast<size_t>(left), "cannot allocate ", n, " bytes: ", left, " are available on this machine");
  // Half of what is left may be taken without asking again, in steps.
  vouched.store(wanted + (left < 0 ? kAsk : std::min(kAsk, (left - static_cast<int64_t>(n)) / 2)), std::memory_order_relaxed);
}

void countBytes(int64_t bytes) {
  int64_t now = current.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t top = peak.load(std::memory_order_relaxed);
  while (now > top && !peak.compare_exchange_weak(top, now, std::memory_order_relaxed)) {
  }
}
bool isWithinLimit(int64_t bytes) { return current.load(std::memory_order_relaxed) + bytes <= limit.load(std::memory_order_relaxed); }

static void release(void* p) {
  if (!p) return;  // oneDNN frees its empty scratch memory
  const Header& header = static_cast<Header*>(p)[-1];
  if (reinterpret_cast<uintptr_t>(header.block) & kMark) return giveBack(header.block);
  if (thisRun) noteFreed(*thisRun, p);
  current.fetch_sub(static_cast<int64_t>(header.size), std::memory_order_relaxed);
  std::free(header.block);
}

struct CountingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t n) override {
    if (n == 0) return {nullptr, nullptr, &release, c10::Device(c10::kCPU)};
    if (void* p = thisRun ? takeFrom(*thisRun, n) : nullptr) return {p, p, &release, c10::Device(c10::kCPU)};
    int64_t before = current.load(std::memory_order_relaxed);
    int64_t allowed = std::max<int64_t>(0, limit.load(std::memory_order_relaxed) - before);
    TORCH_CHECK_WITH(OutOfMemoryError, n <= static_cast<size_t>(allowed), "cannot allocate ", n, " bytes: ", allowed, " are left below the limit");
    int64_t wanted = before + static_cast<int64_t>(n);
    if (wanted > vouched.load(std::memory_order_relaxed) || n >= static_cast<size_t>(kAsk)) askForMore(n, wanted);
    void* block = std::malloc(n + kAlignment);
    TORCH_CHECK_WITH(OutOfMemoryError, block, "cannot allocate ", n, " bytes");
    uintptr_t start = (reinterpret_cast<uintptr_t>(block) + sizeof(Header) + kAlignment - 1) & ~(kAlignment - 1);
    void* p = reinterpret_cast<void*>(start);
#ifdef MADV_HUGEPAGE
    // Advice, whose refusal changes nothing; from the first whole page on, so that no more memory is used.
    if (n >= kMapped) madvise(reinterpret_cast<void*>((start + kHugePage - 1) / kHugePage * kHugePage), n - kHugePage, MADV_HUGEPAGE);
#endif
    static_cast<Header*>(p)[-1] = {n, block};
    countBytes(static_cast<int64_t>(n));
    if (thisRun) noteTaken(*thisRun, p, n);
    allocations++;
    return {p, p, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t n) const override { default_copy_data(to, from, n); }
};

void installAllocator() {
#ifdef __GLIBC__
  // Smaller blocks come from the heap and stay there for the next step: handing each intermediate back to
  // the kernel costs a page fault for every 4 KiB of it.
  mallopt(M_MMAP_THRESHOLD, kMapped);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
  c10::SetAllocator(c10::DeviceType::CPU, new CountingAllocator, 1);
}

// memory(resetPeak, limit?) -> bytes of CPU tensors in the whole process, now and at most; blocks that this thread got from malloc; its tensors
EXPORT(memory) {
  std::vector<int64_t> use{current.load(), peak.load(), allocations, call.data->live};
  if (toBool(call.env, call[0], "memory")) peak.store(use[0]);
  if (typeOf(call.env, call[1]) != napi_undefined) {
    int64_t bytes = toInt(call.env, call[1], "setMemoryLimit");
    limit = bytes > 0 && bytes < kNoLimit ? bytes : kNoLimit;
  }
  return toJs(call.data, use);
}

}  // namespace dsbm
