// The door of the addon: one environment's state, the list of exports, and the translation of errors.
#include "engine.h"

#include <c10/core/AutogradState.h>
#include <c10/util/Exception.h>

namespace dsbm {

static const char* codeOf(const c10::Error& e) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&e)) return "ERR_TORCH_MEMORY";
  if (dynamic_cast<const c10::IndexError*>(&e)) return "ERR_TORCH_INDEX";
  if (dynamic_cast<const c10::TypeError*>(&e)) return "ERR_TORCH_TYPE";
  if (dynamic_cast<const c10::ValueError*>(&e)) return "ERR_TORCH_VALUE";
  if (dynamic_cast<const c10::NotImplementedError*>(&e)) return "ERR_TORCH_NOT_IMPLEMENTED";
  if (dynamic_cast<const c10::DistError*>(&e)) return "ERR_TORCH_DISTRIBUTED";
  return "ERR_TORCH";
}

void translate(napi_env env) {
  try {
    throw;
  } catch (const Pending&) {
  } catch (const Failure& f) {
    napi_throw_error(env, f.code, f.what());
  } catch (const c10::Error& e) {
    napi_throw_error(env, codeOf(e), e.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "ERR_TORCH_MEMORY", "out of memory");
  } catch (const std::exception& e) {
    napi_throw_error(env, "ERR_TORCH", e.what());
  } catch (...) {
    napi_throw_error(env, "ERR_TORCH", "unknown native error");
  }
}

std::vector<Entry>& entries() {
  static std::vector<Entry> all;
  return all;
}

// The state outlives its environment while an external still points to it: finalisers run late.
void releaseEnv(Env* data) {
  if (--data->references == 0) delete data;
}

static napi_value init(napi_env env, napi_value exports) {
  try {
    static const bool once = (installAllocator(), true);
    (void)once;
    installWarningHandler();
    // Gradients stay on the thread that asked for them, where a recording can see them.
    c10::AutogradState::get_tls_state().set_multithreading_enabled(false);
    auto* data = new Env{env};
    check(env, napi_add_env_cleanup_hook(env, [](void* p) {
            auto* d = static_cast<Env*>(p);
            abortRecording();  // a worker may be ended in the middle of one
            d->closed = true;
            releaseEnv(d);
          }, data));
    for (const Entry& entry : entries()) {
      napi_value fn;
      check(env, napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.function, data, &fn));
      check(env, napi_set_named_property(env, exports, entry.name, fn));
    }
  } catch (...) {
    translate(env);
  }
  return exports;
}

}  // namespace dsbm

NAPI_MODULE(dsbm_torch, dsbm::init)
