// Package weightstest holds what the tests of weights and its formats share.
package weightstest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strings"

	"cgan/weights"
)

// Dump prints a value as pt/testdata/dump.py does.
func Dump(v weights.Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	case int:
		return fmt.Sprintf("i%d", v)
	case int64:
		return fmt.Sprintf("i%d", v)
	case *big.Int:
		return fmt.Sprintf("i%d", v)
	case float64:
		return fmt.Sprintf("f%016x", math.Float64bits(v))
	case string:
		return "s" + hex.EncodeToString([]byte(v))
	case weights.Tensor:
		return fmt.Sprintf("t %v %v %x", v.DType, v.Shape, sha256.Sum256(v.Data))
	case *weights.Tensor:
		return Dump(*v)
	case weights.List:
		return "[" + dumpAll(v) + "]"
	case weights.Tuple:
		return "(" + dumpAll(v) + ")"
	case weights.StateDict:
		d, err := v.Dict()
		if err != nil {
			return err.Error()
		}
		return Dump(d)
	case *weights.Dict:
		return dumpDict(v)
	}
	return fmt.Sprintf("?%T", v)
}

func dumpAll(items []weights.Value) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = Dump(item)
	}
	return strings.Join(texts, ",")
}

func dumpDict(d *weights.Dict) string {
	var items []string
	for key, v := range d.All() {
		items = append(items, Dump(key)+":"+Dump(v))
	}
	text := "{" + strings.Join(items, ",") + "}"
	if d.Ordered {
		text = "o" + text
	}
	if d.Metadata != nil {
		text += "m" + Dump(d.Metadata)
	}
	return text
}
