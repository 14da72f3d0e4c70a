package export

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"cgan/models"
	"cgan/weights/atomicfile"
	"cgan/weights/pt"
)

// The lines are those of forward in cgan.py, with its numbers.
func TestScriptIsTheGenerator(t *testing.T) {
	got, err := scriptSource(newGenerator(t, small).Arch())
	if err != nil || got != scriptWant {
		t.Errorf("%v, got\n%s", err, got)
	}
}

const scriptWant = `def forward(self, noise: Tensor, label: Tensor) -> Tensor:
    onehot = torch.eye(3, dtype=noise.dtype, device=noise.device)[label].view(-1, 3, 1, 1)
    z = torch.cat([noise, onehot], 1)
    part0 = getattr(self.layer1, "0")
    z = torch.conv_transpose2d(z, part0.weight, part0.bias, [1, 1], [0, 0])
    part1 = getattr(self.layer1, "1")
    z = torch.batch_norm(z, part1.weight, part1.bias, part1.running_mean, part1.running_var, False, 0.1, 1e-05, True)
    z = torch.relu(z)
    part3 = getattr(self.layer2, "0")
    z = torch.conv_transpose2d(z, part3.weight, part3.bias, [2, 2], [0, 0])
    part4 = getattr(self.layer2, "1")
    z = torch.batch_norm(z, part4.weight, part4.bias, part4.running_mean, part4.running_var, False, 0.1, 1e-05, True)
    z = torch.relu(z)
    part6 = getattr(self.layer3, "0")
    z = torch.conv_transpose2d(z, part6.weight, part6.bias, [2, 2], [1, 1])
    part7 = getattr(self.layer3, "1")
    z = torch.batch_norm(z, part7.weight, part7.bias, part7.running_mean, part7.running_var, False, 0.1, 1e-05, True)
    z = torch.relu(z)
    part9 = getattr(self.layer4, "0")
    z = torch.conv_transpose2d(z, part9.weight, part9.bias, [2, 2], [1, 1])
    z = torch.tanh(z)
    return z
`

// The archive of this libtorch loads in both versions and draws what eager PyTorch draws. The sizes are draw.py's.
func TestTorchScriptDrawsLikeEager(t *testing.T) {
	c := models.Config{Noise: 6, NgF: 4, NdF: 4, Channels: 1, Size: 28, Classes: 10}
	g, dir := newGenerator(t, c), t.TempDir()
	state, err := models.StateDict(g.StateDict())
	if err != nil {
		t.Fatal(err)
	}
	file, archive := filepath.Join(dir, "g.pt"), filepath.Join(dir, "g.torchscript")
	if err := atomicfile.Write(file, false, func(w io.Writer) error { return pt.Write(w, "g.pt", state, nil) }); err != nil {
		t.Fatal(err)
	}
	content, err := TorchScript(g)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(archive, content, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, variable := range []string{"CGAN_PYTHON_210", "CGAN_PYTHON_215"} {
		python := os.Getenv(variable)
		if python == "" {
			t.Logf("%s is not set: not compared with it", variable)
			continue
		}
		out, err := exec.Command(python, "-W", "ignore", "../testdata/draw.py", "script", file, archive).Output()
		worst, parsed := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil || parsed != nil || worst > 1e-6 {
			t.Errorf("%s: %v, %v, differs by %g", variable, err, parsed, worst)
		}
		t.Logf("%s: the archive differs from eager by %g", variable, worst)
	}
}
