#include "geometry.h"

namespace cgan {
namespace {

// along_axis gives each place of an axis of one grid its neighbours on the other, and the taps between.
std::vector<std::vector<Link>> along_axis(const Convolution &c, int64_t coarse, int64_t fine, bool of_coarse) {
  std::vector<std::vector<Link>> neighbours(of_coarse ? coarse : fine);
  for (int64_t i = 0; i < coarse; i++)
    for (int64_t tap = 0; tap < c.kernel_size; tap++) {
      const int64_t j = i * c.stride - c.padding + tap;
      if (j >= 0 && j < fine) neighbours[of_coarse ? i : j].push_back({of_coarse ? j : i, tap});
    }
  return neighbours;
}

Links links_of(const Convolution &c, bool of_coarse) {
  Links links(c.coarse.pixels() * c.taps());
  const auto rows = along_axis(c, c.coarse.height, c.fine.height, of_coarse),
             columns = along_axis(c, c.coarse.width, c.fine.width, of_coarse);
  const int64_t width = of_coarse ? c.fine.width : c.coarse.width;
  for (const auto &row : rows)
    for (const auto &column : columns) {
      for (const Link &y : row)
        for (const Link &x : column) links.all.push_back({y.pixel * width + x.pixel, y.tap * c.kernel_size + x.tap});
      links.close();
    }
  return links;
}

} // namespace

Links coarse_links(const Convolution &c) { return links_of(c, true); }
Links fine_links(const Convolution &c) { return links_of(c, false); }

Groups phases(const Convolution &c) {
  Groups groups(c.stride * c.stride);
  for (int64_t pixel = 0; pixel < c.fine.pixels(); pixel++) {
    const int64_t y = pixel / c.fine.width + c.padding, x = pixel % c.fine.width + c.padding;
    groups[y % c.stride * c.stride + x % c.stride].push_back(pixel);
  }
  return groups;
}

Groups one_group(int64_t pixels) {
  Groups groups(1);
  for (int64_t p = 0; p < pixels; p++) groups[0].push_back(p);
  return groups;
}

Links each_itself(int64_t pixels) {
  Links links(pixels);
  for (int64_t p = 0; p < pixels; p++, links.close()) links.all.push_back({p, 0});
  return links;
}

at::Tensor tap_mask(const Convolution &c) {
  at::Tensor result = at::zeros({c.coarse.pixels(), c.taps()}, at::kFloat);
  const Links links = coarse_links(c);
  for (int64_t pixel = 0; pixel < links.pixels(); pixel++)
    for (const Link &link : links[pixel]) result.data_ptr<float>()[pixel * c.taps() + link.tap] = 1;
  return result;
}

} // namespace cgan
