package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"

	"cgan/weights"
	"cgan/weights/onnx"
)

// maxProgram bounds what inspect reads of a file that is no weights file.
const maxProgram = 2 << 30

// inspectProgram reports on a network as a program, ONNX or TorchScript, without running it; ok says whether path is one.
func inspectProgram(path string) (r fileReport, ok bool, err error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxProgram {
		return r, false, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return r, false, err
	}
	r = fileReport{Path: path, Bytes: int64(len(data)), SHA256: fmt.Sprintf("%x", sha256.Sum256(data)), Metadata: map[string]string{}}
	if err := r.addTorchScript(data); err == nil {
		return r, true, nil
	}
	if s, err := onnx.Summarize(data); err == nil {
		r.addONNX(s)
		return r, true, nil
	}
	return r, false, nil
}

func (r *fileReport) addONNX(s onnx.Summary) {
	r.Format = fmt.Sprintf("ONNX, opset %d", s.Opset)
	r.Note = fmt.Sprintf("a program of %d operators (%s), written by %s; it holds no state_dict to load", len(s.Operators), counts(s.Operators), weights.Show(s.Producer))
	for _, pair := range s.Metadata {
		r.Metadata[pair[0]] = pair[1]
	}
	value := func(what string, v onnx.Value) {
		var dims []string
		for _, d := range v.Shape {
			if d.Name != "" {
				dims = append(dims, d.Name)
			} else {
				dims = append(dims, fmt.Sprint(d.Size))
			}
		}
		r.Values = append(r.Values, valueReport{Key: what + " " + v.Name, Type: elementType(v.Type), Value: "[" + strings.Join(dims, ", ") + "]"})
	}
	for _, v := range s.Inputs {
		value("input", v)
	}
	for _, v := range s.Outputs {
		value("output", v)
	}
	for _, t := range s.Initializers {
		r.Values = append(r.Values, valueReport{Key: t.Name, Type: elementType(t.Type), Shape: append([]int64{}, t.Shape...)})
	}
}

// elementType names ONNX's types of elements that weights have; the numbers are those of its TensorProto.DataType.
func elementType(t onnx.ElementType) string {
	names := map[onnx.ElementType]string{1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64", 16: "bfloat16"}
	if name, ok := names[t]; ok {
		return name
	}
	return fmt.Sprintf("type %d", t)
}

// counts is each word once with how often it comes, in the order of the first time.
func counts(words []string) string {
	number, order := map[string]int{}, []string(nil)
	for _, w := range words {
		if number[w]++; number[w] == 1 {
			order = append(order, w)
		}
	}
	for i, w := range order {
		order[i] = fmt.Sprintf("%d %s", number[w], weights.Show(w))
	}
	const most = 12
	if len(order) > most {
		order = append(order[:most], "and others")
	}
	return strings.Join(order, ", ")
}

// addTorchScript reads the list of records; none of them is opened.
func (r *fileReport) addTorchScript(data []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	code := 0
	for _, f := range archive.File {
		_, inside, _ := strings.Cut(f.Name, "/")
		if strings.HasPrefix(inside, "code/") && strings.HasSuffix(inside, ".py") {
			code++
		}
		if f.UncompressedSize64 <= maxProgram {
			r.Values = append(r.Values, valueReport{Key: f.Name, Type: "record", Value: thousands(int64(f.UncompressedSize64)) + " bytes"})
		}
	}
	if code == 0 {
		return errors.New("no TorchScript")
	}
	r.Format = "TorchScript"
	r.Note = fmt.Sprintf("a program of %d sources, for torch.jit.load; loading it runs what is in it", code)
	return nil
}
