// Generators: seeded, saved and restored; the default one of each device is reachable too.
#include "engine.h"

#include <ATen/CPUGeneratorImpl.h>

#include <mutex>

namespace dsbm {

static uint64_t seedOf(Call& call, size_t i) {
  int64_t seed = toInt(call.env, call[i], "seed");
  if (seed < 0) fail("ERR_TORCH_VALUE", "seed: expected an integer of at least 0, got " + std::to_string(seed));
  return static_cast<uint64_t>(seed);
}

// generator(device, seed) -> a new one
static napi_value generator(Call& call) {
  auto device = toDevice(call.env, call[0], "generator");
  uint64_t seed = seedOf(call, 1);
  at::Generator g = device.is_cpu() ? at::detail::createCPUGenerator(seed) : at::globalContext().defaultGenerator(device).clone();
  g.set_current_seed(seed);
  return wrapGenerator(call.data, g);
}

static napi_value defaultGenerator(Call& call) {
  auto device = toDevice(call.env, call[0], "defaultGenerator");
  return wrapGenerator(call.data, at::globalContext().defaultGenerator(device));
}

static napi_value manualSeed(Call& call) {
  refuseWhileRecording("seeding a generator");
  at::Generator g = generatorOf(call.env, call[0], "manualSeed");
  uint64_t seed = seedOf(call, 1);
  std::lock_guard<std::mutex> lock(g.mutex());
  g.set_current_seed(seed);
  return undefined(call.env);
}

// manualSeedAll(seed): the default generators of every device
static napi_value manualSeedAll(Call& call) {
  refuseWhileRecording("seeding a generator");
  at::manual_seed(seedOf(call, 0));
  return undefined(call.env);
}

static napi_value generatorSeed(Call& call) {
  uint64_t seed = generatorOf(call.env, call[0], "seed").current_seed();
  napi_value out;
  check(call.env, napi_create_bigint_uint64(call.env, seed, &out));
  return out;
}

static napi_value generatorState(Call& call) {
  refuseWhileRecording("reading a generator's state");
  at::Generator g = generatorOf(call.env, call[0], "getState");
  std::lock_guard<std::mutex> lock(g.mutex());
  return wrap(call.data, g.get_state());
}

static napi_value setGeneratorState(Call& call) {
  refuseWhileRecording("setting a generator's state");
  at::Generator g = generatorOf(call.env, call[0], "setState");
  at::Tensor state = tensorOf(call.env, call[1], "setState");
  std::lock_guard<std::mutex> lock(g.mutex());
  g.set_state(state);
  return undefined(call.env);
}

void exportRandom(napi_env env, napi_value exports, Env* data) {
  define<generator>(env, exports, data, "generator");
  define<defaultGenerator>(env, exports, data, "defaultGenerator");
  define<manualSeed>(env, exports, data, "manualSeed");
  define<manualSeedAll>(env, exports, data, "manualSeedAll");
  define<generatorSeed>(env, exports, data, "generatorSeed");
  define<generatorState>(env, exports, data, "generatorState");
  define<setGeneratorState>(env, exports, data, "setGeneratorState");
}

}  // namespace dsbm
