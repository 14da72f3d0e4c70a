#include "guard.h"

#include <sstream>
#include <string>
#include <torch/script.h>

using cgan::guarded;
using Module = torch::jit::Module;

// make gives an empty module in evaluation mode; Python's Module.eval() looks for the attribute.
static Module make(const char *name, std::shared_ptr<torch::jit::CompilationUnit> unit) {
  Module made(c10::QualifiedName(std::string("__torch__.cgan.") + name), std::move(unit), /*shouldMangle=*/true);
  made.register_attribute("training", c10::BoolType::get(), false);
  return made;
}

// child gives the submodule of a name, made on first use.
static Module child(Module &parent, const std::string &name) {
  for (const auto &c : parent.named_children())
    if (c.name == name) return c.value;
  auto made = make("Part", parent._ivalue()->compilation_unit());
  parent.register_module(name, made);
  return made;
}

// put registers a tensor under a key such as layer1.0.weight, below submodules layer1 and 0.
static void put(Module module, const std::string &key, const at::Tensor &value, bool buffer) {
  auto dot = key.find('.');
  if (dot != std::string::npos) return put(child(module, key.substr(0, dot)), key.substr(dot + 1), value, buffer);
  auto copy = value.detach().to(at::kCPU).clone();
  if (buffer)
    module.register_buffer(key, copy);
  else
    module.register_parameter(key, copy, /*is_buffer=*/false);
}

char *cgan_script(const char *source, int count, const char *const *keys, const cgan_tensor *tensors,
                  const int *buffers, char **out, size_t *size) {
  return guarded([&] {
    auto module = make("Generator", std::make_shared<torch::jit::CompilationUnit>());
    for (int i = 0; i < count; i++) put(module, keys[i], cgan::tensor(tensors[i]), buffers[i]);
    module.define(source);
    std::ostringstream stream;
    module.save(stream);
    auto bytes = stream.str();
    *out = static_cast<char *>(malloc(bytes.size()));
    TORCH_CHECK(*out != nullptr, "no memory for ", bytes.size(), " bytes");
    std::memcpy(*out, bytes.data(), bytes.size());
    *size = bytes.size();
  });
}

// The module is a program: it does what whoever wrote the file wants.
char *cgan_script_load(const char *path, cgan_module *out) {
  return guarded([&] {
    auto module = torch::jit::load(path, at::kCPU);
    module.eval();
    *out = new Module(std::move(module));
  });
}

char *cgan_script_forward(cgan_module self, cgan_tensor in, const char *flag, cgan_tensor *out) {
  return guarded([&] {
    c10::AutoGradMode no_grad(false);
    auto forward = static_cast<Module *>(self)->get_method("forward");
    std::unordered_map<std::string, c10::IValue> flags;
    for (const auto &argument : forward.function().getSchema().arguments())
      if (argument.name() == flag) flags[flag] = true;
    auto result = forward({cgan::tensor(in)}, flags);
    if (result.isTuple() && !result.toTupleRef().elements().empty()) result = result.toTupleRef().elements()[0];
    if (result.isTensorList() && result.toTensorVector().size() > 0) result = result.toTensorVector()[0];
    TORCH_CHECK(result.isTensor(), "forward gives ", result.tagKind(), ", not a tensor");
    *out = cgan::handle(result.toTensor());
  });
}

char *cgan_script_free(cgan_module self) {
  return guarded([&] { delete static_cast<Module *>(self); });
}
