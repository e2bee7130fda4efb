// Stores of c10d, in which ranks meet: on the network, in a file, in memory.
#include "distributed.h"

#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace dsbm {

static c10::intrusive_ptr<Store> storeOf(Call& call) { return find(registry().stores, toInt(call.env, call[0], "store"), "store"); }

// A socket on one address alone, for a store that only this machine is to reach; port 0 takes a free one.
static int socketOn(const std::string& address, uint16_t* port) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(*port);
  if (inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1) fail("ERR_TORCH_VALUE", "store: \"" + address + "\" is no IPv4 address to listen on");
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  socklen_t size = sizeof where;
  auto* name = reinterpret_cast<sockaddr*>(&where);
  bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && bind(fd, name, size) == 0 && getsockname(fd, name, &size) == 0;
  if (!bound) {
    std::string reason = std::strerror(errno);
    if (fd >= 0) close(fd);
    fail("ERR_TORCH_DISTRIBUTED", reason);
  }
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  *port = ntohs(where.sin_port);
  return fd;
}

// storeTcp(host, port, serves, timeoutMs, listen) -> store, which listens on the address `listen`, or on all where it is "".
// Node exports a libuv of its own, so never that of the store.
EXPORT(storeTcp) {
  static const bool quiet = (c10::initLogging(), true);  // reads TORCH_CPP_LOG_LEVEL
  (void)quiet;
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(toInt(call.env, call[1], "port"));
  options.isServer = toBool(call.env, call[2], "serves");
  options.waitWorkers = false;
  options.timeout = toMs(call, 3);
  options.useLibUV = false;
  std::string listen = typeOf(call.env, call[4]) == napi_string ? toString(call.env, call[4], "listen") : "";
  if (options.isServer && !listen.empty()) options.masterListenFd = socketOn(listen, &options.port);
  // Whoever listens there may be no store and never answer.
  std::string host = toString(call.env, call[0], "host");
  auto store = aside([host, options] { return c10::intrusive_ptr<Store>(c10::make_intrusive<c10d::TCPStore>(host, options)); });
  if (store.wait_for(options.timeout + Milliseconds(200)) != std::future_status::ready) fail("ERR_TORCH_DISTRIBUTED", "what listens there does not answer as a store");
  return enter(call, registry().stores, store.get());
}

// storeFile(path, worldSize) -> store
EXPORT(storeFile) {
  auto size = static_cast<int>(toInt(call.env, call[1], "worldSize"));
  return enter<c10::intrusive_ptr<Store>>(call, registry().stores, c10::make_intrusive<c10d::FileStore>(toString(call.env, call[0], "path"), size));
}

ACTION(storeSet) {
  std::string key = toString(call.env, call[1], "store: key"), value = toString(call.env, call[2], "store: value");
  ask(storeOf(call), [=](Store& store) { store.set(key, value); });
}

// storeGet(store, key) -> its bytes as a latin1 string; null if it is not there
EXPORT(storeGet) {
  std::string key = toString(call.env, call[1], "store: key");
  auto value = ask(storeOf(call), [=](Store& store) { return store.check({key}) ? std::optional(store.get_to_str(key)) : std::nullopt; });
  if (!value) return made(call.env, napi_get_null);
  return made(call.env, napi_create_string_latin1, value->data(), value->size());
}

EXPORT(storeAdd) {
  std::string key = toString(call.env, call[1], "store: key");
  int64_t amount = toInt(call.env, call[2], "store: amount");
  int64_t now = ask(storeOf(call), [=](Store& store) { return store.add(key, amount); });
  return jsNumber(call.env, static_cast<double>(now));
}

ACTION(storeClose) {
  auto last = taken(registry().stores, toInt(call.env, call[0], "store"));
  // A server that is busy does not end: a thread waits for it then.
  if (dynamic_cast<c10d::TCPStore*>(last.get())) aside([last = std::move(last)]() mutable { last.reset(); }).wait_for(Milliseconds(1000));
}

}  // namespace dsbm
