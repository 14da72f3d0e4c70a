package export

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields reads a protobuf message back: the values of each field in order, numbers as uint64 and
// the rest as bytes.
func fields(t *testing.T, data []byte) map[protowire.Number][]any {
	t.Helper()
	found := map[protowire.Number][]any{}
	for len(data) > 0 {
		field, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		data = data[n:]
		var v any
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(data)
			v = math.Float32frombits(bits)
		case protowire.BytesType:
			v, n = protowire.ConsumeBytes(data)
		default:
			t.Fatalf("field %d has wire type %d", field, kind)
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		found[field] = append(found[field], v)
		data = data[n:]
	}
	return found
}

// sub reads the messages of one field.
func sub(t *testing.T, m map[protowire.Number][]any, field protowire.Number) (list []map[protowire.Number][]any) {
	t.Helper()
	for _, v := range m[field] {
		list = append(list, fields(t, v.([]byte)))
	}
	return list
}

// nodeText prints a node as "Operator name(inputs) attribute=value".
func nodeText(t *testing.T, n map[protowire.Number][]any) string {
	t.Helper()
	text := fmt.Sprintf("%s %s%s", n[4][0], n[2][0], n[1])
	for _, a := range sub(t, n, 5) {
		value := fmt.Sprint(append(append(a[2], a[3]...), a[8]...)...)
		of := map[any]protowire.Number{uint64(1): 2, uint64(2): 3, uint64(7): 8} // FLOAT, INT, INTS: their fields
		if len(a[of[a[20][0]]]) == 0 || len(a) != 3 {
			t.Errorf("attribute %s of type %v has %v", a[1][0], a[20], a)
		}
		text += fmt.Sprintf(" %s=%s", a[1][0], value)
	}
	return text
}

// valueText prints an input or output as "name type[shape]".
func valueText(t *testing.T, v map[protowire.Number][]any) string {
	t.Helper()
	tensor := sub(t, sub(t, v, 2)[0], 1)[0]
	var dims []string
	for _, d := range sub(t, sub(t, tensor, 2)[0], 1) {
		for _, value := range append(d[1], d[2]...) {
			if name, ok := value.([]byte); ok {
				value = string(name)
			}
			dims = append(dims, fmt.Sprint(value))
		}
	}
	return fmt.Sprintf("%s %v[%s]", v[1][0], tensor[1][0], strings.Join(dims, " "))
}
