#pragma once

#include "../libtorch/guard.h"
#include "distributed.h"

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

namespace cgan {
using GroupPtr = c10::intrusive_ptr<c10d::ProcessGroup>;
inline GroupPtr &group(cgan_process_group self) { return *static_cast<GroupPtr *>(self); }
} // namespace cgan
