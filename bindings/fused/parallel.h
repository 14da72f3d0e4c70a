// Work shared out over libtorch's own threads.
#pragma once

#include <cstdint>
#include <functional>

namespace cgan {

// Work is what a share of the work is for; cgan_work_time tells how long each kind took.
enum class Work { pack, product, fold, norm, activation, bias, label, adam, count };

// parallel runs body for every item from 0 to items-1, in no order, on as many threads as libtorch may use.
// The first exception of a body ends the work and is thrown again here.
void parallel(Work what, int64_t items, const std::function<void(int64_t)> &body);

} // namespace cgan
