// CPU memory, counted: libtorch's own allocator behind a header that remembers the size, so that
// peaks can be reported, and a request the machine cannot serve is an error instead of the kernel's kill.
#include "engine.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include <atomic>
#include <cstdio>
#include <cstring>

namespace dsbm {

constexpr size_t kHeader = 64;            // keeps libtorch's alignment
constexpr size_t kAsk = size_t(256) << 20;  // from here on the kernel is asked what is left

static std::atomic<int64_t> current{0}, peak{0};

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
  char* base = static_cast<char*>(p) - kHeader;
  size_t n;
  std::memcpy(&n, base, sizeof n);
  current.fetch_sub(static_cast<int64_t>(n), std::memory_order_relaxed);
  c10::free_cpu(base);
}

struct CountingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t n) override {
    if (n == 0) return {nullptr, nullptr, &release, c10::Device(c10::kCPU)};
    if (n >= kAsk) {
      size_t left = availableMemory();
      if (left && n > left)
        TORCH_CHECK_WITH(OutOfMemoryError, false, "cannot allocate ", n, " bytes: ", left, " are available on this machine");
    }
    size_t total;
    TORCH_CHECK_WITH(OutOfMemoryError, !__builtin_add_overflow(n, kHeader, &total), "cannot allocate ", n, " bytes");
    char* base = static_cast<char*>(c10::alloc_cpu(total));
    std::memcpy(base, &n, sizeof n);
    int64_t now = current.fetch_add(static_cast<int64_t>(n), std::memory_order_relaxed) + static_cast<int64_t>(n);
    int64_t top = peak.load(std::memory_order_relaxed);
    while (now > top && !peak.compare_exchange_weak(top, now, std::memory_order_relaxed)) {
    }
    void* p = base + kHeader;
    return {p, p, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t n) const override { default_copy_data(to, from, n); }
};

void installAllocator() { c10::SetAllocator(c10::DeviceType::CPU, new CountingAllocator, 1); }

MemoryUse memoryUse(bool resetPeak) {
  MemoryUse use{current.load(), peak.load()};
  if (resetPeak) peak.store(use.current);
  return use;
}

}  // namespace dsbm
