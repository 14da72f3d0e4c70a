#include "panels.h"

#include <array>

namespace cgan {
namespace {

// Strip is the part of the gradients of a group's taps that one thread makes.
struct Strip {
  const std::vector<int64_t> *group;
  int64_t left, lefts, right, rights; // panels
  std::vector<int64_t> taps;
};

// taps_of are the taps that reach the pixels of a group.
std::vector<int64_t> taps_of(const std::vector<int64_t> &group, const Links &from) {
  std::vector<int64_t> taps;
  for (int64_t pixel : group)
    for (const Link &link : from[pixel]) taps.push_back(link.tap);
  std::sort(taps.begin(), taps.end());
  taps.erase(std::unique(taps.begin(), taps.end()), taps.end());
  return taps;
}

// strips cuts a group's gradients so that those of all its taps fit into half of the cache, and into at least so many.
void strips(const std::vector<int64_t> &group, const Links &from, int64_t lefts, int64_t rights, int64_t least,
            std::vector<Strip> &all) {
  size_t taps = 1;
  for (int64_t pixel : group) taps = std::max(taps, from[pixel].size());
  int64_t m = lefts, n = rights;
  while ((taps * m * n * kPanel * kPanel * sizeof(float) > kCache / 2 || (lefts / m) * (rights / n) < least) &&
         std::max(m, n) > 2)
    (m >= n ? m : n) = ((m >= n ? m : n) / 2 + 1) / 2 * 2;
  const std::vector<int64_t> reaching = taps_of(group, from);
  const int64_t cut = ((lefts + m - 1) / m) * ((rights + n - 1) / n), count = reaching.size(),
                together = std::max<int64_t>(1, count * cut / least); // small gradients are cut by tap as well
  for (int64_t i = 0; i < lefts; i += m)
    for (int64_t j = 0; j < rights; j += n)
      for (int64_t tap = 0; tap < count; tap += together)
        all.push_back({&group,
                       i,
                       std::min(m, lefts - i),
                       j,
                       std::min(n, rights - j),
                       {reaching.begin() + tap, reaching.begin() + std::min(tap + together, count)}});
}

// Correlation is [taps, left rows, right columns], padded to panels: for each tap the sum over all links
// of left[link.pixel] * right[pixel], where K is the batch.
template <class T> struct Correlation {
  const GemmKernel<T> &kernel;
  const Links &from;
  const Panels &left, &right;
  const int64_t taps, rows, columns;
  float *const out;

  int64_t most_steps() const {
    return std::max<int64_t>(1, 128 / kernel.k_step);
  } // of K at a time: the panels of some pixels stay in the cache

  // run makes one strip: for some of K, for some pixels, all their products.
  void run(const Strip &s) const {
    const size_t pixels = pixels_at_once(s);
    std::vector<std::vector<PanelPair>> pairs(taps);
    std::vector<bool> begun(taps);
    const Blocks<T> configured(kernel);
    for (int64_t step = 0; step < left.k_steps; step += most_steps())
      for (size_t p = 0; p < s.group->size(); p += pixels) {
        for (auto &of_tap : pairs) of_tap.clear();
        for (size_t q = p; q < std::min(p + pixels, s.group->size()); q++)
          for (const Link &link : from[(*s.group)[q]])
            pairs[link.tap].push_back(
                {left[link.pixel] + step * kernel.step_bytes, right[(*s.group)[q]] + step * kernel.step_bytes});
        for (int64_t tap : s.taps) {
          if (pairs[tap].empty()) continue;
          multiply(s, tap, pairs[tap], std::min(most_steps(), left.k_steps - step), begun[tap]);
          begun[tap] = true;
        }
      }
  }

private:
  // pixels_at_once is how many pixels' panels the cache holds. Neighbours share half of their links: they take half of
  // what is counted.
  size_t pixels_at_once(const Strip &s) const {
    size_t links = 1;
    for (int64_t pixel : *s.group) links = std::max(links, from[pixel].size());
    return std::max<size_t>(
        1, 2 * kCache / ((s.lefts * links + s.rights) * std::min(left.k_steps, most_steps()) * kernel.step_bytes));
  }

  // multiply makes the blocks of one tap in a strip, or adds to them.
  void multiply(const Strip &s, int64_t tap, const std::vector<PanelPair> &pairs, int64_t k_steps, bool add) const {
    std::vector<PanelPair> here(pairs.size());
    for (int64_t m = s.left; m < s.left + s.lefts; m += 2)
      for (int64_t n = s.right; n < s.right + s.rights; n += 2) {
        for (size_t i = 0; i < pairs.size(); i++)
          here[i] = {pairs[i].left + m * left.layout.panel, pairs[i].right + n * right.layout.panel};
        kernel.block(here.data(), here.size(), k_steps, kPanel * std::min<int64_t>(2, s.left + s.lefts - m),
                     std::min<int64_t>(2, s.right + s.rights - n), left.layout, right.layout,
                     out + (tap * rows + m * kPanel) * columns + n * kPanel, columns, add, nullptr);
      }
  }
};

template <class T> at::Tensor correlate(const KernelSet &kernels, const Links &from, const Groups &groups,
                                        const Panels &left, const Panels &right, int64_t taps) {
  const int64_t rows = left.panels * kPanel, columns = right.panels * kPanel;
  const at::Tensor result = at::empty({taps, rows, columns}, at::kFloat);
  std::vector<bool> linked(taps);
  for (const Link &link : from.all) linked[link.tap] = true;
  for (int64_t tap = 0; tap < taps; tap++)
    if (!linked[tap]) result[tap].zero_();
  std::vector<Strip> all;
  for (const auto &group : groups)
    strips(group, from, left.panels, right.panels, (7 + groups.size()) / groups.size(), all); // threads find enough
  const Correlation<T> correlation{gemm_kernel<T>(kernels), from, left, right, taps, rows, columns,
                                   data<float>(result)};
  parallel(Work::product, all.size(), [&](int64_t i) { correlation.run(all[i]); });
  return result;
}

template <class T> at::Tensor weight_grad_of(const Convolution &c, const at::Tensor &coarse, const at::Tensor &fine) {
  const KernelSet &kernels = *c.kernels;
  const int64_t k = c.kernel_size, channels = c.fine.channels;
  const std::array<int64_t, 4> sizes{c.coarse.channels, channels, k, k};
  Matrices<T> images = matrices<T>(coarse);
  if (unfolds(c)) images = {images.memory, c.coarse.height, c.coarse.width * c.batch, c.coarse.channels};
  const Panels left = pack_matrices<T>(kernels, Side::left, Contiguous::panel, images);
  if (use_gathered(c)) {
    const Panels right = unfolds(c)
                             ? pack_matrices<T>(kernels, Side::right, Contiguous::panel, unfold<T>(c, fine))
                             : pack_gathered<T>(c, Side::right, Contiguous::k, fine);
    const at::Tensor grad = correlate<T>(kernels, each_itself(images.count), one_group(images.count), left, right, 1);
    return grad.as_strided(sizes, {grad.size(2), 1, k * channels, channels});
  }
  const Panels right = pack_matrices<T>(kernels, Side::right, Contiguous::panel, matrices<T>(fine));
  const at::Tensor grad = correlate<T>(kernels, fine_links(c), phases(c), left, right, c.taps());
  return grad.as_strided(sizes, {grad.size(2), 1, k * grad.stride(0), grad.stride(0)});
}

} // namespace

at::Tensor weight_grad(const Convolution &c, const at::Tensor &coarse, const at::Tensor &fine) {
  return fine.scalar_type() == at::kBFloat16 ? weight_grad_of<BFloat>(c, coarse, fine)
                                             : weight_grad_of<float>(c, coarse, fine);
}

} // namespace cgan
