// A shim for LD_PRELOAD: the n-th call of a system function on a file below FAULT_ROOT fails, once or from then on.
//   FAULT_CALL  write, fsync, rename, open, mmap, tensor or block; none notes all of them in the log and lets none fail
//               tensor: memory that the addon takes; block: of 1 MiB and more (malloc); FAULT_ROOT stands for their path
//   FAULT_NOTE  with no FAULT_CALL: the kinds of memory to note, since noting each of a million allocations takes minutes
//   FAULT_N     counted from 1, in each process for itself
//   FAULT_ERRNO the error, FAULT_ALWAYS=1 for all later calls too
//   FAULT_LOG   a file (elsewhere) with a line for each call: process, call, path, and the new path of a rename
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

// The path from the root on; null for one that is not below FAULT_ROOT.
static const char *whole(const char *path, char *room) {
  const char *root = getenv("FAULT_ROOT");
  if (!root || !path) return NULL;
  if (path[0] != '/') {
    if (!getcwd(room, PATH_MAX)) return NULL;
    strncat(room, "/", PATH_MAX - strlen(room) - 1);
    strncat(room, path, PATH_MAX - strlen(room) - 1);
    path = room;
  }
  return strncmp(path, root, strlen(root)) == 0 ? path : NULL;
}

static const char *path_of(int fd, char *room) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, room, PATH_MAX - 1);
  if (length <= 0) return NULL;
  room[length] = 0;
  return room[0] == '/' ? whole(room, NULL) : NULL;
}

static void note(const char *call, const char *path, const char *to) {
  const char *log = getenv("FAULT_LOG");
  if (!log) return;
  char line[2 * PATH_MAX + 64];
  int length = snprintf(line, sizeof line, "%d\t%s\t%s\t%s\n", getpid(), call, path, to ? to : "");
  int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT, 0644);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, length);
  syscall(SYS_close, fd);
}

// Whether this call is to fail; errno is set then. No path: it is not below the root.
static int fails(const char *call, const char *path, const char *to) {
  const char *wanted = getenv("FAULT_CALL"), *n = getenv("FAULT_N");
  if (!path) return 0;
  int before = errno;
  if (!wanted || !n) {
    note(call, path, to);
    errno = before;
    return 0;
  }
  if (strcmp(wanted, call) != 0) return 0;
  long at = atomic_fetch_add(&calls, 1) + 1, first = atol(n);
  const char *always = getenv("FAULT_ALWAYS");
  if (at < first || (at > first && !(always && *always == '1'))) return 0;
  note(call, path, to);
  const char *number = getenv("FAULT_ERRNO");
  errno = number ? atoi(number) : EIO;
  return 1;
}
static int fails_fd(const char *call, int fd) {
  char room[PATH_MAX];
  return fails(call, path_of(fd, room), NULL);
}
static int fails_path(const char *call, const char *path) {
  char room[PATH_MAX];
  return fails(call, whole(path, room), NULL);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t n) {
  if (fd > 2 && fails_fd("write", fd)) return -1;
  return REAL(write)(fd, bytes, n);
}
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) {
  if (fails_fd("write", fd)) return -1;
  return REAL(pwrite)(fd, bytes, n, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) {
  if (fails_fd("write", fd)) return -1;
  return REAL(pwrite64)(fd, bytes, n, at);
}
ssize_t writev(int fd, const struct iovec *parts, int n) {
  if (fd > 2 && fails_fd("write", fd)) return -1;
  return REAL(writev)(fd, parts, n);
}
ssize_t copy_file_range(int from, off64_t *at, int fd, off64_t *to, size_t n, unsigned flags) {
  if (fails_fd("write", fd)) return -1;
  return REAL(copy_file_range)(from, at, fd, to, n, flags);
}
ssize_t sendfile64(int fd, int from, off64_t *at, size_t n) {
  if (fails_fd("write", fd)) return -1;
  return REAL(sendfile64)(fd, from, at, n);
}
int fsync(int fd) {
  if (fails_fd("fsync", fd)) return -1;
  return REAL(fsync)(fd);
}
int fdatasync(int fd) {
  if (fails_fd("fsync", fd)) return -1;
  return REAL(fdatasync)(fd);
}
int rename(const char *from, const char *to) {
  char room[2][PATH_MAX];
  const char *old = whole(from, room[0]), *new = whole(to, room[1]);
  if (fails("rename", old ? old : new, new)) return -1;
  return REAL(rename)(from, to);
}
#define OPEN(name)                                                      \
  int name(const char *path, int flags, ...) {                          \
    va_list more;                                                       \
    va_start(more, flags);                                              \
    mode_t mode = va_arg(more, mode_t);                                 \
    va_end(more);                                                       \
    if (fails_path("open", path)) return -1;                            \
    return REAL(name)(path, flags, mode);                               \
  }
OPEN(open)
OPEN(open64)

// Of memory only large blocks: nothing survives without small ones.
#define LARGE (1 << 20)
#define SMALLEST_TENSOR 512
static __thread int inside;
static int tensors, blocks; // whether they are watched
__attribute__((constructor)) static void watch(void) {
  const char *wanted = getenv("FAULT_CALL"), *noted = getenv("FAULT_NOTE");
  if (!wanted) wanted = noted ? noted : "";
  if (!getenv("FAULT_ROOT")) return;
  tensors = strstr(wanted, "tensor") != NULL;
  blocks = strstr(wanted, "block") != NULL;
}
static int fails_memory(const char *call) {
  const char *root = getenv("FAULT_ROOT");
  if (inside || !root) return 0;
  inside = 1; // noting a call may allocate
  int failed = fails(call, root, NULL);
  inside = 0;
  if (failed) errno = ENOMEM;
  return failed;
}
// The addon, which has all tensors; V8, and LLVM while it is loaded, end the process without memory.
static int is_engine(void *caller) {
  Dl_info place;
  return dladdr(caller, &place) && place.dli_fname &&
         (strstr(place.dli_fname, "dsbm_torch") || strstr(place.dli_fname, "libc10"));
}
static int fails_tensor(void *caller, size_t n) {
  return tensors && n >= SMALLEST_TENSOR && !inside && is_engine(caller) && fails_memory("tensor");
}
static int fails_block(size_t n) { return blocks && n >= LARGE && fails_memory("block"); }
#define CALLER __builtin_return_address(0)
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
void *malloc(size_t n) {
  return fails_block(n) || fails_tensor(CALLER, n) ? NULL : __libc_malloc(n);
}
void *calloc(size_t n, size_t size) {
  return fails_block(n * size) ? NULL : __libc_calloc(n, size);
}
void *realloc(void *at, size_t n) {
  return fails_block(n) ? NULL : __libc_realloc(at, n);
}
int posix_memalign(void **at, size_t alignment, size_t n) {
  if (fails_tensor(CALLER, n)) return ENOMEM;
  *at = __libc_memalign(alignment, n);
  return *at || n == 0 ? 0 : ENOMEM;
}
#define MAP(name, offset)                                                          \
  void *name(void *at, size_t n, int protection, int flags, int fd, offset from) { \
    if (fd >= 0 && fails_fd("mmap", fd)) return MAP_FAILED;                        \
    return REAL(name)(at, n, protection, flags, fd, from);                         \
  }
MAP(mmap, off_t)
MAP(mmap64, off64_t)
