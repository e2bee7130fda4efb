// Signals while native code runs, which JavaScript hears of only after it: a second one ends the process at once, the
// first one after some seconds in which nobody noticed it. JavaScript is told of each by the handler that was there before.
#include "engine.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace dsbm {

// Sent by Ctrl-C, by kill, and by a terminal that is closed.
constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

// What is written to standard error: a handler may neither allocate nor free.
struct Text {
  char bytes[8192];
  size_t length = 0;
  void set(const std::string& text) { length = text.copy(bytes, sizeof bytes); }
  void say() const {
    ssize_t written = ::write(STDERR_FILENO, bytes, length);
    (void)written;
  }
};

static Text heard, ended;
static unsigned patience;
static std::atomic<int> first{0};
static bool watches = false;
static struct sigaction before[3];

[[noreturn]] static void end(int signal) {
  ended.say();
  _exit(128 + signal);  // as shells report a death by it
}

static void onAlarm(int) { end(first); }

static void onSignal(int signal, siginfo_t* info, void* context) {
  int saved = errno;
  int none = 0;
  if (!first.compare_exchange_strong(none, signal)) end(signal);
  heard.say();
  alarm(patience);
  for (size_t i = 0; i < 3; i++) {
    const struct sigaction& next = before[i];
    if (kSignals[i] != signal) continue;
    if (next.sa_flags & SA_SIGINFO) next.sa_sigaction(signal, info, context);
    else if (next.sa_handler != SIG_DFL && next.sa_handler != SIG_IGN) next.sa_handler(signal);
  }
  errno = saved;
}

static void install(int signal, struct sigaction action) {
  sigemptyset(&action.sa_mask);
  action.sa_flags |= SA_RESTART;
  sigaction(signal, &action, nullptr);
}

// watchSignals(seconds, heard, ended): what is said at the first signal, and as the process is ended
EXPORT(watchSignals) {
  patience = static_cast<unsigned>(toInt(call.env, call[0], "watchSignals"));
  heard.set(toString(call.env, call[1], "watchSignals"));
  ended.set(toString(call.env, call[2], "watchSignals"));
  if (watches) return undefined(call.env);
  watches = true;
  first = 0;
  struct sigaction action {};
  action.sa_handler = onAlarm;
  install(SIGALRM, action);
  for (size_t i = 0; i < 3; i++) sigaction(kSignals[i], nullptr, &before[i]);
  action = {};
  action.sa_sigaction = onSignal;
  action.sa_flags = SA_SIGINFO;
  for (int signal : kSignals) install(signal, action);
  return undefined(call.env);
}

// noticedSignal(): the work is ending by itself
EXPORT(noticedSignal) {
  alarm(0);
  return undefined(call.env);
}

// unwatchSignals(): the handlers that were there before
EXPORT(unwatchSignals) {
  alarm(0);
  for (size_t i = 0; watches && i < 3; i++) sigaction(kSignals[i], &before[i], nullptr);
  watches = false;
  return undefined(call.env);
}

}  // namespace dsbm
