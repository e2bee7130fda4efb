// A shim for LD_PRELOAD: the n-th call of a system function on a file below FAULT_ROOT fails, once or from then on.
//   FAULT_CALL  write, fsync, rename, open or mmap
//   FAULT_N     counted from 1; 0 counts only
//   FAULT_ERRNO the error, FAULT_ALWAYS=1 for all later calls too
//   FAULT_LOG   a file (elsewhere) that each counted call is noted in
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
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static int below(const char *path) {
  const char *root = getenv("FAULT_ROOT");
  char whole[PATH_MAX];
  if (!root || !path) return 0;
  if (path[0] != '/') {
    if (!getcwd(whole, sizeof whole)) return 0;
    strncat(whole, "/", sizeof whole - strlen(whole) - 1);
    strncat(whole, path, sizeof whole - strlen(whole) - 1);
    path = whole;
  }
  return strncmp(path, root, strlen(root)) == 0;
}

static int below_fd(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return path[0] == '/' && below(path);
}

// Whether this call is to fail; errno is set then.
static int fails(const char *call) {
  const char *wanted = getenv("FAULT_CALL"), *n = getenv("FAULT_N"), *log = getenv("FAULT_LOG");
  if (!wanted || !n || strcmp(wanted, call) != 0) return 0;
  long at = atomic_fetch_add(&calls, 1) + 1, first = atol(n);
  if (log) {
    int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT, 0644);
    if (fd >= 0) {
      syscall(SYS_write, fd, "x", 1);
      syscall(SYS_close, fd);
    }
  }
  const char *always = getenv("FAULT_ALWAYS");
  if (first == 0 || at < first || (at > first && !(always && *always == '1'))) return 0;
  const char *number = getenv("FAULT_ERRNO");
  errno = number ? atoi(number) : EIO;
  return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t n) {
  if (fd > 2 && below_fd(fd) && fails("write")) return -1;
  return REAL(write)(fd, bytes, n);
}
ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) {
  if (below_fd(fd) && fails("write")) return -1;
  return REAL(pwrite)(fd, bytes, n, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) {
  if (below_fd(fd) && fails("write")) return -1;
  return REAL(pwrite64)(fd, bytes, n, at);
}
ssize_t writev(int fd, const struct iovec *parts, int n) {
  if (fd > 2 && below_fd(fd) && fails("write")) return -1;
  return REAL(writev)(fd, parts, n);
}
int fsync(int fd) {
  if (below_fd(fd) && fails("fsync")) return -1;
  return REAL(fsync)(fd);
}
int fdatasync(int fd) {
  if (below_fd(fd) && fails("fsync")) return -1;
  return REAL(fdatasync)(fd);
}
int rename(const char *from, const char *to) {
  if (below(to) && fails("rename")) return -1;
  return REAL(rename)(from, to);
}
#define OPEN(name)                                                      \
  int name(const char *path, int flags, ...) {                          \
    va_list more;                                                       \
    va_start(more, flags);                                              \
    mode_t mode = va_arg(more, mode_t);                                 \
    va_end(more);                                                       \
    if (below(path) && fails("open")) return -1;                          \
    return REAL(name)(path, flags, mode);                               \
  }
OPEN(open)
OPEN(open64)
#define MAP(name, offset)                                                                   \
  void *name(void *at, size_t n, int protection, int flags, int fd, offset from) {          \
    if (fd >= 0 && below_fd(fd) && fails("mmap")) return MAP_FAILED;                        \
    return REAL(name)(at, n, protection, flags, fd, from);                                  \
  }
MAP(mmap, off_t)
MAP(mmap64, off64_t)
