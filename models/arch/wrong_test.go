package arch

import (
	"strings"
	"testing"

	"cgan/weights"
)

// layers is a file whose layers, from line 4 on, take 8 values.
func layers(lines ...string) string {
	return "generator:\n  noise: randn(8)\n  layers:\n    - " + strings.Join(lines, "\n    - ") + "\n"
}

// images is the same of layers that take [8, 4, 4], from line 5 on.
func images(lines ...string) string {
	return layers(append([]string{"a: Linear(8, 128)", "Reshape(8, 4, 4)"}, lines...)...)
}

const (
	generator = "generator:\n  noise: randn(8)\n  label: one_hot(10)\n  join: cat(noise, label)\n  layers: [\"Reshape(2, 3, 3)\"]\n"
	before    = "discriminator:\n  image: image(2, 3, 3)\n"
	after     = "  layers:\n    - Flatten()\n    - l: "
)

var wrong = map[string]string{
	// YAML
	"":                "line 1: the file is empty",
	"# nothing\n":     "line 1: the file is empty",
	"generator: [1\n": "line 1: no YAML: did not find expected ',' or ']'",
	"a: b: c":         "line 1: no YAML: mapping values are not allowed in this context",
	"generator:\n  noise: randn(8)\n\tlayers:\n": "line 3: no YAML: found a tab character that violates indentation",
	"generator:\n  noise: 'x\n  label: y\n":      "line 2: no YAML: found unexpected end of stream",
	"a: \xff":                                    "line 1: no YAML: invalid leading UTF-8 octet",
	"a: 1\nb: \x01":                              "line 2: no YAML: control characters are not allowed",
	generator + "---\na: 1":                      "line 1: a second document stands behind the first, or something that is no YAML",
	"just a text":                                "line 1: fields are needed, such as generator:",
	"generator: &a\n  noise: randn(8)":           "line 1: & and * in front of a value have no place here; a text that begins with one needs quotes",
	"generator:\n  noise: randn(8)\n  layers:\n    - &a Tanh()\n    - *a": "line 4: & and * in front of a value have no place here; a text that begins with one needs quotes",
	"a: " + strings.Repeat("x", mostText):                                 "line 1: 1048579 bytes are too many for an arch file; 1048576 are possible",
	// fields
	"generater:\n  noise: randn(8)": `line 1: there is no field "generater"; the nearest is generator`,
	"xyz: 1":                        `line 1: there is no field "xyz"; there are generator, discriminator, map`,
	"map: {a: b}":                   "line 1: there is no generator",
	generator + "generator: 1":      "line 6: generator is given twice, before on line 1",
	"generator:\n  noise: randn(8)\n  noise: rand(8)":                              "line 3: noise is given twice, before on line 2",
	"generator:\n  layers: [Tanh()]":                                               "line 1: the generator has no noise",
	"generator:\n  noise: randn(8)":                                                "line 1: the generator has no layers",
	"generator:\n  noise: randn(8)\n  layers: []":                                  "line 3: layers has no layer",
	"generator:\n  noise: randn(8)\n  image: image(1, 2, 2)":                       "line 3: a generator begins with noise, not with image",
	generator + before + "  noise: randn(8)":                                       "line 8: a discriminator begins with image, not with noise",
	generator + before + after + "Linear(18, 1)\n  values: [0, 1]":                 "line 11: values are what a generator's images have; the discriminator takes those",
	"generator:\n  noise: randn(8)\n  label: one_hot(10)\n  layers: [Tanh()]":      "line 3: a label needs a join: cat(noise, label), cat(label, noise), noise * label or noise + label",
	"generator:\n  noise: randn(8)\n  join: cat(noise, label)\n  layers: [Tanh()]": "line 3: join needs a label, such as label: one_hot(10)",
	strings.Replace(generator, "cat(noise, label)", "noise - label", 1):            `line 4: join is "noise - label", not cat(noise, label), cat(label, noise), noise * label or noise + label`,
	strings.Replace(generator, "cat(noise, label)", "cat(image, label)", 1):        `line 4: join is "cat(image, label)", not cat(noise, label), cat(label, noise), noise * label or noise + label`,
	strings.Replace(generator, "cat(noise, label)", "noise * label", 1):            "line 4: noise * label: noise is [8] and label is [10], which can't be multiplied: both must be equal",
	strings.Replace(generator, "randn(8)", "[\"randn(8)\", \"Reshape(2, 4)\"]", 1): "line 4: cat(noise, label): noise is [2 4] and label is [10], which can't be concatenated: height and width must be equal",
	generator + "  values: [1, 0]":                                                 "line 6: values is what black and white are, such as [-1, 1], the first below the second",
	generator + "  values: [0, .inf]":                                              "line 6: values is what black and white are, such as [-1, 1], the first below the second",
	generator + "  values: 1":                                                      "line 6: values is what black and white are, such as [-1, 1], the first below the second",
	generator + "map:\n  - a":                                                      "line 7: map has rules such as gen.fc: model",
	generator + "map:\n  a: [b]":                                                   "line 7: map has rules such as gen.fc: model",
	generator + "map:\n  a: '*'":                                                   `line 7: "*" has more * than "a"`,
	generator + "map:\n  a: b\n  a: c":                                             `line 8: "a" is renamed twice`,
	// calls
	layers("Tanh"):                                                "line 4: Tanh: a layer is a call such as Tanh()",
	layers("'()'"):                                                "line 4: (): a layer is a call such as ReLU()",
	layers("ReLU(", "Tanh()"):                                     "line 4: ReLU(: it ends where a value should be",
	layers("ReLU() + x"):                                          `line 4: ReLU() + x: "+" stands where the end should be`,
	layers("a: Linear(8, 4*4)"):                                   `line 4: Linear(8, 4*4): "*" stands where ',' or ')' should be`,
	layers("a: Linear(8, 1e999)"):                                 "line 4: Linear(8, 1e999): 1e999 is no number that is possible here",
	layers("a: Linear(8, 'x)"):                                    "line 4: Linear(8, 'x): a text has no closing '",
	layers("a: Linear(out_features=8, 8)"):                        "line 4: Linear(out_features=8, 8): 8 stands without a name behind out_features",
	layers("a: Lineer(8, 4)"):                                     "line 4: Lineer(8, 4): there is no layer Lineer; the nearest is Linear",
	layers("relu()"):                                              "line 4: relu(): there is no layer relu; the nearest is ReLU",
	layers("a: GRU(8)"):                                           "line 4: GRU(8): there is no layer GRU; there are randn, rand, uniform, image, one_hot, Embedding, Linear, Conv2d, ConvTranspose2d, BatchNorm1d, BatchNorm2d, InstanceNorm2d, LayerNorm, Dropout, Dropout2d, ReLU, LeakyReLU, ELU, SiLU, GELU, Sigmoid, Tanh, Identity, Upsample, PixelShuffle, Flatten, Unflatten, Reshape",
	layers("a: Linear(8, 4, biass=True)"):                         "line 4: Linear(8, 4, biass=True): there is no argument biass; the nearest is bias",
	layers("a: Linear(8, 4, device='cpu')"):                       "line 4: Linear(8, 4, device='cpu'): device has no place in a file",
	layers("a: Linear(8, 4, True, 1)"):                            "line 4: Linear(8, 4, True, 1): too many arguments; there are only those of Linear(in_features, out_features, bias=True)",
	layers("Tanh(1)"):                                             "line 4: Tanh(1): too many arguments; Tanh takes none",
	layers("a: Linear(8)"):                                        "line 4: Linear(8): out_features is missing",
	layers("a: Linear(8, in_features=8)"):                         "line 4: Linear(8, in_features=8): in_features is given twice",
	layers("a: Linear(8, 4.0)"):                                   "line 4: Linear(8, 4.0): out_features is 4.0, not a whole number",
	layers("a: Linear(8, 4, bias=1)"):                             "line 4: Linear(8, 4, bias=1): bias is 1, not True or False",
	layers("a: Linear(8, 0)"):                                     "line 4: Linear(8, 0): out_features is 0, but at least 1 is possible",
	layers("a: Linear(8, 3000000000)"):                            "line 4: Linear(8, 3000000000): out_features is 3000000000, but at most 2147483648 is possible",
	layers("Dropout(1.5)"):                                        "line 4: Dropout(1.5): p is 1.5, but at most 1 is possible",
	layers("a: BatchNorm1d(8, momentum=None)"):                    "line 4: BatchNorm1d(8, momentum=None): momentum is None, not a number",
	images("b: Conv2d(8, 4, 0)"):                                  "line 6: Conv2d(8, 4, 0): kernel_size is 0, but at least 1 is possible",
	images("b: Conv2d(8, 4, (3, 3, 3))"):                          "line 6: Conv2d(8, 4, (3, 3, 3)): kernel_size is (3, 3, 3), not a whole number or a pair of them",
	images("b: Conv2d(8, 4, 3, groups=3)"):                        "line 6: Conv2d(8, 4, 3, groups=3): groups is 3, which does not divide in_channels 8 and out_channels 4",
	images("b: Conv2d(8, 4, 3, padding=same, stride=2)"):          "line 6: Conv2d(8, 4, 3, padding=same, stride=2): padding='same' needs stride 1",
	images("b: Conv2d(8, 4, 4, padding='same')"):                  "line 6: Conv2d(8, 4, 4, padding='same'): padding='same' of kernel_size 4 is not the same on both sides; an odd kernel_size is possible",
	images("b: Conv2d(8, 4, 3, padding='full')"):                  "line 6: Conv2d(8, 4, 3, padding='full'): padding is 'full', not a whole number, a pair of them, 'same' or 'valid'",
	images("b: Conv2d(8, 4, 3, padding_mode='mirror')"):           "line 6: Conv2d(8, 4, 3, padding_mode='mirror'): padding_mode is 'mirror', not zeros, reflect, replicate or circular",
	images("b: ConvTranspose2d(8, 4, 3, output_padding=1)"):       "line 6: ConvTranspose2d(8, 4, 3, output_padding=1): output_padding is 1, but must be smaller than stride or dilation, which are 1 and 1",
	images("b: ConvTranspose2d(8, 4, 3, padding_mode='reflect')"): "line 6: ConvTranspose2d(8, 4, 3, padding_mode='reflect'): padding_mode is 'reflect', not zeros",
	images("Upsample()"):                                          "line 6: Upsample(): needs size or scale_factor, and not both",
	images("Upsample(8, 2)"):                                      "line 6: Upsample(8, 2): needs size or scale_factor, and not both",
	images("Upsample(scale_factor=(1, 2))"):                       "line 6: Upsample(scale_factor=(1, 2)): scale_factor is (1, 2), not one number for height and width",
	images("Upsample(8, align_corners=True)"):                     "line 6: Upsample(8, align_corners=True): align_corners needs mode='bilinear'",
	// items
	layers("a: Linear(8, 4)\n      b: Tanh()"): `line 5: "b": a second key; each layer is an item of its own, with a - in front`,
	layers("[Tanh()]"):                         "line 4: a layer is a call such as ReLU(), or one with its key, model.0: Linear(110, 256)",
	layers("{a: Linear(8, 4)}"):                "line 4: Linear(8: between [ ] and { } a layer needs quotes, such as 'Linear(110, 256)'",
	"generator:\n  noise: randn(8)\n  layers: [Tanh(), Reshape(1, 2, 4)]": "line 3: Reshape(1: between [ ] and { } a layer needs quotes, such as 'Linear(110, 256)'",
	layers("Linear(8, 4)"):                              "line 4: Linear(8, 4): has weights and needs their key in the state dict, such as model.0: Linear(8, 4)",
	layers("a: Linear(8, 8)", "a: Linear(8, 8)"):        `line 5: Linear(8, 8): the key "a" is that of line 4 too`,
	layers("a: Linear(8, 8)", "a.b: Linear(8, 8)"):      `line 5: Linear(8, 8): the key "a.b" lies inside the layer of key "a"`,
	layers("a..b: Linear(8, 8)"):                        `line 4: Linear(8, 8): the key "a..b" has nothing before or after a dot`,
	layers(strings.Repeat("k", 201) + ": Linear(8, 8)"): `line 4: Linear(8, 8): the key "` + strings.Repeat("k", 120) + `"... (201 bytes) is longer than 200 bytes`,
	// what comes in
	layers("a: Linear(9, 8)"):                                       "line 4: Linear(9, 8): in_features is 9, but 8 values come in",
	images("b: Linear(128, 1)"):                                     "line 6: Linear(128, 1): in_features is 128, but 4 values come in, the last of [8 4 4]; Flatten() in front makes them 128",
	images("b: Linear(5, 1)"):                                       "line 6: Linear(5, 1): in_features is 5, but 4 values, the last of [8 4 4], come in",
	layers("a: Conv2d(8, 4, 1)"):                                    "line 4: Conv2d(8, 4, 1): channels, height and width must come in, but [8] comes in; Reshape(8, 1, 1) in front makes them",
	images("b: Conv2d(7, 4, 1)"):                                    "line 6: Conv2d(7, 4, 1): in_channels is 7, but 8 channels come in, of [8 4 4]",
	images("b: Conv2d(8, 4, 5)"):                                    "line 6: Conv2d(8, 4, 5): the kernel reaches over 5 pixels, more than the 4 that come in with their padding",
	images("b: Conv2d(8, 4, 5, padding=4, padding_mode='reflect')"): "line 6: Conv2d(8, 4, 5, padding=4, padding_mode='reflect'): padding_mode 'reflect' can't make a padding of 4 of 4 pixels",
	images("b: ConvTranspose2d(8, 4, 1, padding=2)"):                "line 6: ConvTranspose2d(8, 4, 1, padding=2): padding 2 leaves no pixel of [8 4 4]",
	images("b: BatchNorm1d(8)"):                                     "line 6: BatchNorm1d(8): [C] or [C, L] must come in, but [8 4 4] comes in; BatchNorm2d takes channels, height and width",
	layers("a: BatchNorm1d(4)"):                                     "line 4: BatchNorm1d(4): num_features is 4, but 8 come in",
	images("b: BatchNorm2d(4)"):                                     "line 6: BatchNorm2d(4): num_features is 4, but 8 channels come in, of [8 4 4]",
	layers("Reshape(8, 1, 1)", "InstanceNorm2d(8)"):                 "line 5: InstanceNorm2d(8): an image of one pixel comes in, [8 1 1], which has no variance",
	layers("a: LayerNorm(4)"):                                       "line 4: LayerNorm((4,)): normalized_shape is [4], but [8] comes in",
	images("PixelShuffle(3)"):                                       "line 6: PixelShuffle(3): 8 channels come in, which 9 does not divide, the square of upscale_factor",
	images("Flatten(0)"):                                            "line 6: Flatten(0): start_dim is 0, the batch, which stays; the first that can change is 1",
	images("Flatten(1, 4)"):                                         "line 6: Flatten(end_dim=4): end_dim is 4, but [8 4 4] comes in, whose dimensions are 1 to 3",
	images("Flatten(3, 2)"):                                         "line 6: Flatten(3, end_dim=2): start_dim 3 comes after end_dim 2",
	layers("Unflatten(1, (3, 3))"):                                  "line 4: Unflatten(1, (3, 3)): unflattened_size is [3 3], but 8 values come in",
	layers("Reshape(1, 3, 3)"):                                      "line 4: Reshape(1, 3, 3): [1 3 3] has 9 values, but 8 come in",
	layers("Reshape(1, 1, 2, 4)"):                                   "line 4: Reshape(1, 1, 2, 4): the sizes are those of one image: channels, height and width, without the batch",
	layers("a: Linear(8, 2147483648)"):                              "line 4: Linear(8, 2147483648): [2147483648 8]: more than 2^31 values of weight",
	images("Upsample(60000)"):                                       "line 6: Upsample(60000): [8 60000 60000]: more than 2^31 values come out",
	// where columns begin and end
	layers("randn(8)"):                                                                                "line 4: randn(8): can only be the first, of noise",
	layers("a: Embedding(10, 8)"):                                                                     "line 4: Embedding(10, 8): can only be the first, of a label",
	"generator:\n  noise: Tanh()\n  layers: [Tanh()]":                                                 "line 2: Tanh(): what comes first must be randn(100), rand(100) or image(1, 28, 28)",
	"generator:\n  noise: 100\n  layers: [Tanh()]":                                                    "line 2: 100: a layer is a call such as ReLU()",
	"generator:\n  noise: randn(100, 4, 4)\n  layers: [Tanh()]":                                       "line 2: randn(100, 4, 4): noise has one size, such as randn(100), or two of 1 behind it, randn(100, 1, 1)",
	"generator:\n  noise: image(1, 8, 8)\n  layers:\n    - Flatten()\n    - a: Linear(64, 1)":         "line 2: image(1, 8, 8): noise can't begin so",
	strings.Replace(generator, "one_hot(10)", "Tanh()", 1):                                            "line 3: Tanh(): a label begins with one_hot(10) or Embedding(10, 50)",
	layers("a: Linear(8, 784)", "Tanh()"):                                                             "line 5: Tanh(): a generator ends with channels, height and width, but this gives [784]; end with a layer such as Reshape(1, 28, 28)",
	images("b: Conv2d(8, 3, 1)", "Upsample((30000, 20000))"):                                          "line 7: Upsample((30000, 20000)): an image of [3 30000 20000] is too large to draw: at most 67108864 values are possible, such as [1 8192 8192]",
	images("b: Conv2d(8, 1, 1)", "Upsample((8192, 8193))"):                                            "line 7: Upsample((8192, 8193)): an image of [1 8192 8193] is too large to draw: at most 67108864 values are possible, such as [1 8192 8192]",
	layers("a: Linear(8, 3072)"):                                                                      "line 4: Linear(8, 3072): a generator ends with channels, height and width, but this gives [3072]; end with a layer such as Reshape(3, 32, 32)",
	generator + before + after + "Linear(18, 2)":                                                      "line 10: Linear(18, 2): a discriminator ends with one value for each image, but this gives [2]",
	generator + strings.Replace(before, "3, 3", "4, 4", 1) + after + "Linear(32, 1)":                  "line 7: image(2, 4, 4): the generator gives [2 3 3]",
	generator + before + "  label: one_hot(9)\n  join: cat(image, label)\n" + after + "Linear(99, 1)": "line 8: one_hot(9): the generator has 10 classes",
}

func TestWrongFiles(t *testing.T) {
	for text, want := range wrong {
		_, err := Read([]byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%.200q:\n%v\nwant\n%s", text, err, want)
		}
	}
}

// FuzzRead: an error of one line that begins with its number, or a file that is written and read again as the same, and
// whose networks can be asked and printed.
func FuzzRead(f *testing.F) {
	for text := range wrong {
		if len(text) < 2000 {
			f.Add(text)
		}
	}
	f.Add(embedded)
	for seed := range uint64(20) {
		f.Add(string(Write(drawnBy(seed).file())))
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Read([]byte(text))
		if err != nil {
			if message := err.Error(); !strings.HasPrefix(message, "line ") || !weights.Printable(message) || len(message) > 1000 {
				t.Errorf("%q", message)
			}
			return
		}
		written := Write(file)
		again, err := Read(written)
		if err != nil || string(Write(again)) != string(written) {
			t.Fatalf("%v\n%s", err, written)
		}
		file.Generator.Python("Generator")
		if file.Generator.Joined(); file.Discriminator != nil {
			file.Discriminator.Python("Discriminator")
		}
	})
}
