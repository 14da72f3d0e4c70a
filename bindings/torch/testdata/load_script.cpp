// Loads a TorchScript archive as a C++ program does, and prints what it makes of x = 0, 1, 2.
#include <cstdio>
#include <torch/script.h>

int main(int, char **argv) {
  auto module = torch::jit::load(argv[1]);
  auto y = module.forward({torch::arange(3, torch::kFloat)}).toTensor();
  for (int i = 0; i < y.numel(); i++) std::printf("%g ", y[i].item<float>());
}
