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

static napi_value wrapGenerator(Env* data, at::Generator g) { return makeExternal(data, new GeneratorHandle{{Magic::Generator, data}, std::move(g)}); }

static const at::Generator& defaultOf(Call& call) {
  auto device = toDevice(call.env, call[0], "generator");
  if (device.is_meta()) fail("ERR_TORCH_VALUE", "generator: the meta device draws no numbers; expected cpu, cuda or cuda:N");
  return at::globalContext().defaultGenerator(device);
}

// generator(device, seed) -> a new one
EXPORT(generator) {
  at::Generator g = defaultOf(call).clone();
  g.set_current_seed(seedOf(call, 1));
  return wrapGenerator(call.data, g);
}

EXPORT(defaultGenerator) { return wrapGenerator(call.data, defaultOf(call)); }

EXPORT(manualSeed) {
  refuseWhileRecording("seeding a generator");
  at::Generator g = generatorOf(call.env, call[0], "manualSeed");
  uint64_t seed = seedOf(call, 1);
  std::lock_guard<std::mutex> lock(g.mutex());
  g.set_current_seed(seed);
  return undefined(call.env);
}

// manualSeedAll(seed): the default generators of every device
EXPORT(manualSeedAll) {
  refuseWhileRecording("seeding a generator");
  at::manual_seed(seedOf(call, 0));
  return undefined(call.env);
}

EXPORT(generatorSeed) {
  napi_value out;
  check(call.env, napi_create_bigint_uint64(call.env, generatorOf(call.env, call[0], "seed").current_seed(), &out));
  return out;
}

EXPORT(generatorState) {
  refuseWhileRecording("reading a generator's state");
  at::Generator g = generatorOf(call.env, call[0], "getState");
  std::lock_guard<std::mutex> lock(g.mutex());
  return wrap(call.data, g.get_state());
}

EXPORT(setGeneratorState) {
  refuseWhileRecording("setting a generator's state");
  at::Generator g = generatorOf(call.env, call[0], "setState");
  at::Tensor state = tensorOf(call.env, call[1], "setState");
  std::lock_guard<std::mutex> lock(g.mutex());
  g.set_state(state);
  return undefined(call.env);
}

}  // namespace dsbm
