// Which pixels of the coarse and of the fine grid belong together in a convolution.
#pragma once

#include "convolution.h"

#include <vector>

namespace cgan {

// Link is a pixel of the other grid and the tap between.
struct Link {
  int64_t pixel, tap;
};

// Links are those of every pixel, in the order of the pixels.
struct Links {
  explicit Links(size_t most) { all.reserve(most); }
  std::vector<Link> all;
  std::vector<size_t> begin{0}; // and the end of all
  void close() { begin.push_back(all.size()); }
  at::ArrayRef<Link> operator[](int64_t pixel) const {
    return {all.data() + begin[pixel], begin[pixel + 1] - begin[pixel]};
  }
  int64_t pixels() const { return begin.size() - 1; }
};

// coarse_links gives each coarse pixel its fine neighbours, fine_links each fine one its coarse ones.
Links coarse_links(const Convolution &);
Links fine_links(const Convolution &);

// each_itself gives each pixel itself.
Links each_itself(int64_t pixels);

// Groups of pixels moment their taps.
using Groups = std::vector<std::vector<int64_t>>;

// phases groups the fine pixels by the taps that can reach them.
Groups phases(const Convolution &);
Groups one_group(int64_t pixels);

} // namespace cgan
