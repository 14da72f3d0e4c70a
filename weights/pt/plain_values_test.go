package pt

import (
	"slices"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/strictzip/ziptest"
	"cgan/weights/internal/weightstest"
)

// What torch 2.15 reads under weights_only beside tensors comes as plain values: a learning rate schedule's milestones,
// sets, devices.
func TestPlainValuesBesideTheNetworks(t *testing.T) {
	milestones := pCall(pGlobal("collections", "Counter"), pTuple(pDict(pInt(30), pInt(1), pInt(80), pInt(1))))
	set := pCall(pGlobal("__builtin__", "set"), pTuple(pList(pInt(1), pInt(2))))
	device := pCall(pGlobal("torch", "device"), pTuple(pString("cuda"), pInt(1)))
	file := ptFile(pkl(pDict(pString("milestones"), milestones, pString("seen"), set, pString("device"), device)))
	v, _, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	root := v.(*weights.Dict)
	counts, _ := root.Get("milestones")
	if n, ok := counts.(*weights.Dict).GetInt(80); !ok || n != int64(1) {
		t.Errorf("the milestones are %v", weightstest.Dump(counts))
	}
	if seen, _ := root.Get("seen"); !slices.Equal(seen.(weights.List), weights.List{int64(1), int64(2)}) {
		t.Errorf("the set is %v", weightstest.Dump(seen))
	}
	if d, _ := root.Get("device"); d != "cuda:1" {
		t.Errorf("the device is %v", d)
	}
	for _, bad := range []string{
		pCall(pGlobal("collections", "Counter"), pTuple(pInt(1))), pCall(pGlobal("torch", "device"), ")"),
		pCall(pGlobal("torch", "device"), pTuple(pString("cuda"), pString("1"))), pCall(pGlobal("builtins", "set"), pTuple(pInt(1))),
	} {
		if _, _, err := Read(ptFile(pkl(bad))); err == nil || !strings.Contains(err.Error(), "takes") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A file whose names run code is called that, in every protocol; others are not.
func TestFilesThatRunCodeAreCalledThat(t *testing.T) {
	call := func(module, name string) string { return pkl(pCall(pGlobal(module, name), pTuple(pString("id")))) }
	short := func(s string) string { return "\x8c" + string(rune(len(s))) + s + "\x94" }
	const warning = "do not load it there either"
	for name, pickle := range map[string]string{
		"exec": call("builtins", "exec"), "eval of Python 2": call("__builtin__", "eval"), "system": call("posix", "system"),
		"Popen": call("subprocess", "Popen"), "getattr": call("builtins", "getattr"), "import": call("importlib", "import_module"),
		"protocol 4":            "\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00" + short("os") + short("system") + "\x93\x94" + short("id") + "\x85R.",
		"protocol 4, posix":     "\x80\x04" + "\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
		"protocol 4, in a dict": "\x80\x04}\x94" + short("model") + short("builtins") + short("exec") + "\x93\x94" + short("1") + "\x85Rs.",
	} {
		for form, file := range map[string][]byte{"zip": ptFile(pickle)} {
			_, _, err := Read(file)
			if err == nil || !strings.Contains(err.Error(), warning) || !strings.Contains(err.Error(), "nothing was executed") {
				t.Errorf("%s in a %s: %v", name, form, err)
			}
		}
	}
	for _, harmless := range []string{call("argparse", "Namespace"), call("numpy._core.multiarray", "scalar"), call("torch.nn.modules.linear", "Linear")} {
		if _, _, err := Read(ptFile(harmless)); err == nil || strings.Contains(err.Error(), warning) {
			t.Errorf("%q: %v", harmless, err)
		}
	}
}

// A name with a time in it is what torch.save makes of its file's name.
func TestRecordNamesWithColons(t *testing.T) {
	for _, top := range []string{"gen_2026-11-26T12:30:00", "run:7", "größe 7"} {
		parts := ptParts(pkl(pDict(pString("w"), tensorOps{}.String())), fourFloats)
		for i := range parts {
			parts[i].Name = top + strings.TrimPrefix(parts[i].Name, "a")
		}
		if _, _, err := Read(ziptest.Build(false, parts...).Data); err != nil {
			t.Errorf("%s: %v", top, err)
		}
	}
}
