// A second signal ends the process, also while native code runs, in which JavaScript hears of none. The handler that was there
// before is told of the first one.
#include "engine.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

namespace dsbm {

// Sent by Ctrl-C, by kill, and by a terminal that is closed.
constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

// What is written to standard error at the end: a handler may neither allocate nor free.
static char last[8192];
static size_t length = 0;
static std::atomic<bool> isSecond{false};
static bool watches = false;
static struct sigaction before[3];

static void onSignal(int signal) {
  if (isSecond.exchange(true)) {
    [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, last, length);
    _exit(128 + signal);  // as shells report a death by it
  }
  for (size_t i = 0; i < 3; i++) {
    auto next = before[i].sa_handler;
    if (kSignals[i] == signal && next != SIG_DFL && next != SIG_IGN) next(signal);
  }
}

// watchSignals(last): what is said as the process is ended
ACTION(watchSignals) {
  length = toString(call.env, call[0], "watchSignals").copy(last, sizeof last);
  if (std::exchange(watches, true)) return;
  isSecond = false;
  for (size_t i = 0; i < 3; i++) {
    struct sigaction action {};
    action.sa_handler = onSignal;
    action.sa_flags = SA_RESTART;
    sigaction(kSignals[i], &action, &before[i]);
  }
}

// unwatchSignals(): the handlers that were there before
ACTION(unwatchSignals) {
  for (size_t i = 0; watches && i < 3; i++) sigaction(kSignals[i], &before[i], nullptr);
  watches = false;
}

}  // namespace dsbm
