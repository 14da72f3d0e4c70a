#include "shim.h"

// The address of a thread's own variable tells it from the others, on every system.
uintptr_t cgan_thread(void) {
  static thread_local char own;
  return reinterpret_cast<uintptr_t>(&own);
}
