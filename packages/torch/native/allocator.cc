// CPU memory, counted: libtorch's own allocator behind a header that remembers the size, so that
// peaks can be reported, and a request the machine cannot serve is an error instead of the kernel's kill.
#include "engine.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace dsbm {

constexpr size_t kAlignment = 64;           // as libtorch's own allocator
struct Header {
  size_t size;
  void* block;
};
constexpr size_t kAsk = size_t(256) << 20;  // from here on the kernel is asked what is left

constexpr int64_t kNoLimit = int64_t(1) << 60;

static std::atomic<int64_t> current{0}, peak{0}, limit{kNoLimit};

static size_t availableMemory() {
  size_t kib = 0;
  if (FILE* f = std::fopen("/proc/meminfo", "r")) {
    char line[128];
    while (std::fgets(line, sizeof line, f))
      if (std::sscanf(line, "MemAvailable: %zu kB", &kib) == 1) break;
    std::fclose(f);
  }
  return kib << 10;
}

static void release(void* p) {
  if (!p) return;  // oneDNN frees its empty scratch memory
  const Header& header = static_cast<Header*>(p)[-1];
  current.fetch_sub(static_cast<int64_t>(header.size), std::memory_order_relaxed);
  std::free(header.block);
}

struct CountingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t n) override {
    if (n == 0) return {nullptr, nullptr, &release, c10::Device(c10::kCPU)};
    int64_t allowed = std::max<int64_t>(0, limit.load(std::memory_order_relaxed) - current.load(std::memory_order_relaxed));
    TORCH_CHECK_WITH(OutOfMemoryError, n <= static_cast<size_t>(allowed), "cannot allocate ", n, " bytes: ", allowed, " are left below the limit");
    size_t left = n >= kAsk ? availableMemory() : 0;
    TORCH_CHECK_WITH(OutOfMemoryError, !left || n <= left, "cannot allocate ", n, " bytes: ", left, " are available on this machine");
    void* block = std::malloc(n + sizeof(Header) + kAlignment);
    TORCH_CHECK_WITH(OutOfMemoryError, block, "cannot allocate ", n, " bytes");
    uintptr_t start = (reinterpret_cast<uintptr_t>(block) + sizeof(Header) + kAlignment - 1) & ~(kAlignment - 1);
    void* p = reinterpret_cast<void*>(start);
    static_cast<Header*>(p)[-1] = {n, block};
    int64_t now = current.fetch_add(static_cast<int64_t>(n), std::memory_order_relaxed) + static_cast<int64_t>(n);
    int64_t top = peak.load(std::memory_order_relaxed);
    while (now > top && !peak.compare_exchange_weak(top, now, std::memory_order_relaxed)) {
    }
    return {p, p, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t n) const override { default_copy_data(to, from, n); }
};

void installAllocator() {
#ifdef __GLIBC__
  // Blocks of up to 32 MiB come from the heap and stay there for the next step: handing each intermediate back to
  // the kernel costs a page fault for every 4 KiB of it.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
  c10::SetAllocator(c10::DeviceType::CPU, new CountingAllocator, 1);
}

void limitMemory(int64_t bytes) { limit = bytes > 0 && bytes < kNoLimit ? bytes : kNoLimit; }

MemoryUse memoryUse(bool resetPeak) {
  MemoryUse use{current.load(), peak.load()};
  if (resetPeak) peak.store(use.current);
  return use;
}

}  // namespace dsbm
