package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// dump prints a value as testdata/dump.py does.
func dump(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	case int:
		return fmt.Sprintf("i%d", v)
	case int64:
		return fmt.Sprintf("i%d", v)
	case float64:
		return fmt.Sprintf("f%016x", math.Float64bits(v))
	case string:
		return "s" + hex.EncodeToString([]byte(v))
	case Tensor:
		return fmt.Sprintf("t %v %v %x", v.DType, v.Shape, sha256.Sum256(v.Data))
	case *Tensor:
		return dump(*v)
	case List:
		return "[" + dumpAll(v) + "]"
	case Tuple:
		return "(" + dumpAll(v) + ")"
	case StateDict:
		d, err := v.Dict()
		if err != nil {
			return err.Error()
		}
		return dump(d)
	case *Dict:
		return dumpDict(v)
	}
	return fmt.Sprintf("?%T", v)
}

func dumpAll(items []Value) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = dump(item)
	}
	return strings.Join(texts, ",")
}

func dumpDict(d *Dict) string {
	var items []string
	for key, v := range d.All() {
		items = append(items, dump(key)+":"+dump(v))
	}
	text := "{" + strings.Join(items, ",") + "}"
	if d.Ordered {
		text = "o" + text
	}
	if d.Metadata != nil {
		text += "m" + dump(d.Metadata)
	}
	return text
}
