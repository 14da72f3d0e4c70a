package arch

import (
	"slices"
	"strings"
	"testing"
)

func TestCalls(t *testing.T) {
	for from, want := range map[string]string{
		"Linear(in_features=110, out_features=256, bias=True)": "Linear(110, 256)",
		"nn.Linear(110,256,False)":                             "Linear(110, 256, bias=False)",
		"torch.nn.Tanh( )":                                     "Tanh()",
		"BatchNorm1d(256, eps=0.8, momentum=0.1, affine=True, track_running_stats=True)":                     "BatchNorm1d(256, eps=0.8)",
		"BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=True)":       "BatchNorm2d(64, affine=False)",
		"ConvTranspose2d(100, 512, kernel_size=(4, 4), stride=(1, 1), bias=False)":                           "ConvTranspose2d(100, 512, 4, bias=False)",
		"ConvTranspose2d(128, 64, kernel_size=(4, 4), stride=(2, 2), padding=(1, 1), output_padding=(1, 0))": "ConvTranspose2d(128, 64, 4, stride=2, padding=1, output_padding=(1, 0))",
		"ConvTranspose2d(4, 8, 3, 2, 1, 1, 2, False, 1)":                                                     "ConvTranspose2d(4, 8, 3, stride=2, padding=1, output_padding=1, groups=2, bias=False)",
		"Conv2d(4, 8, 3, 2, 1, 2, 4, False, 'reflect')":                                                      "Conv2d(4, 8, 3, stride=2, padding=1, dilation=2, groups=4, bias=False, padding_mode='reflect')",
		"Conv2d(1, 64, kernel_size=(3, 5), stride=(1, 1), padding=same, padding_mode=circular)":              "Conv2d(1, 64, (3, 5), padding=(1, 2), padding_mode='circular')",
		"Conv2d(1, 64, 4, padding='valid')":                                                                  "Conv2d(1, 64, 4)",
		"LeakyReLU(negative_slope=0.2, inplace=True)":                                                        "LeakyReLU(0.2)",
		"LeakyReLU(1)":                  "LeakyReLU(1.0)",
		"ReLU(True)":                    "ReLU()",
		"ReLU(inplace)":                 "error: inplace is 'inplace', not True or False",
		"Dropout(p=0.5, inplace=False)": "Dropout()",
		"Upsample(scale_factor=2.0, mode='nearest')":                       "Upsample(scale_factor=2.0)",
		"Upsample(None, (2, 2), mode=\"bilinear\", align_corners=true)":    "Upsample(scale_factor=2.0, mode='bilinear', align_corners=True)",
		"Upsample([14, 14], align_corners=None)":                           "Upsample(14)",
		"LayerNorm((256,), eps=1e-05, elementwise_affine=True, bias=True)": "LayerNorm((256,))",
		"LayerNorm(256)":                                 "LayerNorm((256,))",
		"Flatten(start_dim=1, end_dim=-1)":               "Flatten()",
		"Unflatten(dim=1, unflattened_size=(128, 7, 7))": "Unflatten(1, (128, 7, 7))",
		"Reshape((1, 28, 28))":                           "Reshape(1, 28, 28)",
		"randn(100)":                                     "randn(100)",
		"InstanceNorm2d(64, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)": "InstanceNorm2d(64)",
		"Embedding(10, 50)": "Embedding(10, 50)",
		"ELU(alpha=1.0)":    "ELU()",
	} {
		l, err := parseLayer(from)
		got := l.String()
		if err != nil {
			got = "error: " + strings.TrimPrefix(err.Error(), from+": ")
		}
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", from, got, want)
		}
	}
}

func TestNew(t *testing.T) {
	l := New("main.0", "ConvTranspose2d", 100, 512, []int64{4, 3}, 1, 0, 0, 1, false)
	if l.String() != "ConvTranspose2d(100, 512, (4, 3), bias=False)" || l.Int("groups") != 1 || l.Pair("kernel_size") != [2]int64{4, 3} ||
		l.Pair("stride") != [2]int64{1, 1} || l.Bool("bias") || l.Text("padding_mode") != "zeros" {
		t.Error(l)
	}
	if slope := New("", "LeakyReLU").Float("negative_slope"); slope != 0.01 {
		t.Error(slope)
	}
	if size := New("", "Reshape", 1, 28, 28).Ints("size"); !slices.Equal(size, []int64{1, 28, 28}) {
		t.Error(size)
	}
	if up := New("", "Upsample", nil, 2); up.Float("scale_factor") != 2 || up.Pair("size") != [2]int64{} {
		t.Error(up)
	}
	if up := New("", "Upsample", []int64{7, 14}); up.Pair("size") != [2]int64{7, 14} || up.Float("scale_factor") != 0 {
		t.Error(up)
	}
}
