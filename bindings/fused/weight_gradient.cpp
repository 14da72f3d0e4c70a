#include "panels.h"

#include <array>

namespace cgan {
namespace {

// Strip is the part of the gradients of a group's taps that one thread makes.
struct Strip {
  const std::vector<int64_t> *group;
  int64_t left, lefts, right, rights; // panels
};

// strips cuts a group's gradients so that those of all its taps fit into half of the cache, and each group makes least of them.
void strips(const std::vector<int64_t> &group, const Links &from, int64_t lefts, int64_t rights, int64_t least, std::vector<Strip> &all) {
  size_t taps = 1;
  for (int64_t pixel : group) taps = std::max(taps, from[pixel].size());
  int64_t m = lefts, n = rights;
  while ((taps * m * n * kPanel * kPanel * sizeof(float) > kCache / 2 || (lefts / m) * (rights / n) < least) && std::max(m, n) > 2)
    (m >= n ? m : n) = ((m >= n ? m : n) / 2 + 1) / 2 * 2;
  for (int64_t i = 0; i < lefts; i += m)
    for (int64_t j = 0; j < rights; j += n) all.push_back({&group, i, std::min(m, lefts - i), j, std::min(n, rights - j)});
}

// correlate is [taps, left rows, right columns], padded to panels: for each tap the sum over all links
// of left[link.pixel] * right[pixel], where K is the batch.
template <class T>
at::Tensor correlate(const Links &from, const Groups &groups, const Panels &left, const Panels &right, int64_t taps) {
  const auto &kernel = In<T>::kernel();
  const int64_t rows = left.panels * kPanel, columns = right.panels * kPanel;
  const at::Tensor result = at::empty({taps, rows, columns}, at::kFloat);
  std::vector<bool> linked(taps);
  for (const Link &link : from.all) linked[link.tap] = true;
  for (int64_t tap = 0; tap < taps; tap++)
    if (!linked[tap]) result[tap].zero_();
  float *const out = data<float>(result);
  std::vector<Strip> items;
  for (const auto &group : groups) strips(group, from, left.panels, right.panels, 8 / groups.size(), items); // threads find enough
  const int64_t most = std::max<int64_t>(1, 128 / kernel.unit);
  parallel(Work::product, items.size(), [&](int64_t i) {
    const Strip &s = items[i];
    size_t links = 1;
    for (int64_t pixel : *s.group) links = std::max(links, from[pixel].size());
    // Neighbours share half of their links: they take half of what is counted.
    const size_t run = std::max<size_t>(1, 2 * kCache / ((s.lefts * links + s.rights) * std::min(left.units, most) * kernel.unit_bytes));
    std::vector<std::vector<Segment>> segments(taps);
    std::vector<Segment> here;
    std::vector<bool> begun(taps);
    kernel.begin();
    for (int64_t u = 0; u < left.units; u += most)
      for (size_t p = 0; p < s.group->size(); p += run) {
        for (auto &list : segments) list.clear();
        for (size_t q = p; q < std::min(p + run, s.group->size()); q++)
          for (const Link &link : from[(*s.group)[q]])
            segments[link.tap].push_back({left[link.pixel] + u * kernel.unit_bytes, right[(*s.group)[q]] + u * kernel.unit_bytes});
        for (int64_t tap = 0; tap < taps; tap++) {
          if (segments[tap].empty()) continue;
          for (int64_t m = s.left; m < s.left + s.lefts; m += 2)
            for (int64_t n = s.right; n < s.right + s.rights; n += 2) {
              here.clear();
              for (const Segment &g : segments[tap]) here.push_back({g.left + m * left.layout.panel, g.right + n * right.layout.panel});
              kernel.block(here.data(), here.size(), std::min(most, left.units - u), std::min<int64_t>(2, s.left + s.lefts - m),
                           std::min<int64_t>(2, s.right + s.rights - n), left.layout, right.layout,
                           out + (tap * rows + m * kPanel) * columns + n * kPanel, columns, begun[tap], nullptr);
            }
          begun[tap] = true;
        }
      }
    kernel.end();
  });
  return result;
}

template <class T> at::Tensor weight_grad_of(const Convolution &c, const at::Tensor &coarse, const at::Tensor &fine) {
  const Panels left = pack_matrices<T>(Side::left, Along::panel, matrices<T>(coarse));
  const int64_t k = c.kernel, channels = c.fine.channels;
  const std::array<int64_t, 4> sizes{c.coarse.channels, channels, k, k};
  if (few(c)) {
    const Panels right = pack_gathered<T>(c, Side::right, Along::k, fine);
    const at::Tensor grad = correlate<T>(each_itself(c.coarse.pixels()), one_group(c.coarse.pixels()), left, right, 1);
    return grad.as_strided(sizes, {grad.size(2), 1, k * channels, channels});
  }
  const Panels right = pack_matrices<T>(Side::right, Along::panel, matrices<T>(fine));
  const at::Tensor grad = correlate<T>(fine_links(c), phases(c), left, right, c.taps());
  return grad.as_strided(sizes, {grad.size(2), 1, k * grad.stride(0), grad.stride(0)});
}

} // namespace

at::Tensor weight_grad(const Convolution &c, const at::Tensor &coarse, const at::Tensor &fine) {
  return fine.scalar_type() == at::kBFloat16 ? weight_grad_of<BFloat>(c, coarse, fine) : weight_grad_of<float>(c, coarse, fine);
}

} // namespace cgan
