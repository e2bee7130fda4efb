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

// generator(device, seed | null) -> a new one with that seed, or the device's default one
EXPORT(generator) {
  auto device = toDevice(call.env, call[0], "generator");
  if (device.is_meta()) fail("ERR_TORCH_VALUE", "generator: the meta device draws no numbers; expected cpu, cuda or cuda:N");
  at::Generator g = at::globalContext().defaultGenerator(device);
  if (typeOf(call.env, call[1]) != napi_null) {
    g = g.clone();
    g.set_current_seed(seedOf(call, 1));
  }
  return makeExternal(call.data, new GeneratorHandle{{Magic::Generator, call.data}, g});
}

// manualSeed(generator | null, seed); null stands for the default generators of every device
ACTION(manualSeed) {
  refuseWhileRecording("seeding a generator");
  uint64_t seed = seedOf(call, 1);
  if (typeOf(call.env, call[0]) == napi_null) return at::manual_seed(seed);
  at::Generator g = generatorOf(call.env, call[0], "manualSeed");
  std::lock_guard<std::mutex> lock(g.mutex());
  g.set_current_seed(seed);
}

EXPORT(generatorState) {
  refuseWhileRecording("reading a generator's state");
  at::Generator g = generatorOf(call.env, call[0], "getState");
  std::lock_guard<std::mutex> lock(g.mutex());
  return wrap(call.data, g.get_state());
}

ACTION(setGeneratorState) {
  refuseWhileRecording("setting a generator's state");
  at::Generator g = generatorOf(call.env, call[0], "setState");
  at::Tensor state = tensorOf(call.env, call[1], "setState");
  std::lock_guard<std::mutex> lock(g.mutex());
  g.set_state(state);
}

}  // namespace dsbm
