package weights

import (
	"bytes"
	"encoding/json"
)

// safeEntry is one tensor of a safetensors header; begin and end count bytes of the payload.
type safeEntry struct {
	name       string
	dtype      DType
	shape      []int64
	begin, end uint64
}

// safeHeader walks the header token by token: json.Unmarshal would keep the last of two equal
// names, match field names in any case and turn broken escapes into other names, all in silence.
type safeHeader struct {
	json *json.Decoder
}

func parseSafeHeader(header []byte) (entries []safeEntry, metadata map[string]string, err error) {
	h := safeHeader{json.NewDecoder(bytes.NewReader(header))}
	h.json.UseNumber()
	err = h.object("header", func(name string) error {
		if name == metadataName {
			metadata, err = h.metadata()
			return err
		}
		e, err := h.entry(name)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	rest := header[h.json.InputOffset():]
	if len(bytes.Trim(rest, " ")) > 0 {
		return nil, nil, refuse("header", "%d bytes that are not spaces follow the JSON", len(rest))
	}
	return entries, metadata, nil
}

func (h safeHeader) metadata() (map[string]string, error) {
	values := map[string]string{}
	err := h.object(metadataName, func(name string) (err error) {
		values[name], err = h.string(metadataName)
		return err
	})
	return values, err
}

// entry reads {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, fields in any order.
func (h safeHeader) entry(name string) (safeEntry, error) {
	e, record, fields := safeEntry{name: name}, "tensor "+quote(name), 0
	err := h.object(record, func(field string) (err error) {
		fields++
		switch field {
		case "dtype":
			e.dtype, err = h.dtype(record)
		case "shape":
			e.shape, err = h.shape(record)
		case "data_offsets":
			e.begin, e.end, err = h.offsets(record)
		default:
			err = refuse(record, "unknown field %s", quote(field))
		}
		return err
	})
	if err == nil && fields != 3 {
		err = refuse(record, "dtype, shape or data_offsets is missing")
	}
	return e, err
}

func (h safeHeader) dtype(record string) (DType, error) {
	name, err := h.string(record)
	if err != nil {
		return 0, err
	}
	d := dtypeBy(name, safeName)
	if d == 0 {
		return 0, refuse(record, "dtype %s is not one that is read here", quote(name))
	}
	return d, nil
}

func (h safeHeader) shape(record string) ([]int64, error) {
	numbers, err := h.numbers(record, "shape", maxRank)
	shape := make([]int64, len(numbers))
	for i, n := range numbers {
		shape[i] = int64(n)
	}
	return shape, err
}

func (h safeHeader) offsets(record string) (begin, end uint64, err error) {
	numbers, err := h.numbers(record, "data_offsets", 2)
	if err == nil && len(numbers) != 2 {
		err = refuse(record, "data_offsets has %d numbers instead of 2", len(numbers))
	}
	if err != nil {
		return 0, 0, err
	}
	return numbers[0], numbers[1], nil
}
