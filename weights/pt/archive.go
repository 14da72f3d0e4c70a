package pt

import (
	"hash/crc32"
	"math"
	"strconv"
	"strings"

	"cgan/weights"
	"cgan/weights/internal/strictzip"
)

// archive is the zip of a .pt file: records below one top folder.
type archive struct {
	top       string // with its slash
	records   map[string]*strictzip.Record
	bigEndian bool
	noCRC     bool // torch was told to write zeros
	notices   []string
}

// openArchive reads the directory and the small records that say how to read the others.
func openArchive(file []byte) (*archive, error) {
	records, err := strictzip.Read(file, refuseTorchScript)
	if err != nil {
		return nil, err
	}
	a := &archive{records: make(map[string]*strictzip.Record, len(records)), noCRC: allZeroCRC(records)}
	for i := range records {
		a.records[records[i].Name] = &records[i]
		if isTop(records[i].Name, "data.pkl") {
			a.top = strings.TrimSuffix(records[i].Name, "data.pkl")
		}
	}
	if err := a.checkLayout(records); err != nil {
		return nil, err
	}
	if a.noCRC {
		a.notices = append(a.notices,
			"the file has no checksums (torch wrote CRC 0): damage to its numbers would go unnoticed")
	}
	if err := a.checkNumber("version", 10); err != nil {
		return nil, err
	}
	if a.records[a.top+".storage_alignment"] != nil { // of torch 2.7 and later
		if err := a.checkNumber(".storage_alignment", math.MaxUint32); err != nil {
			return nil, err
		}
	}
	return a, a.readByteOrder()
}

// refuseTorchScript comes before what is wrong with a record: the code of such an archive is compressed.
func refuseTorchScript(name string) error {
	_, inside, _ := strings.Cut(name, "/")
	if inside != "constants.pkl" && !strings.HasPrefix(inside, "code/") {
		return nil
	}
	return weights.Refuse(name, "this is a TorchScript archive, not a state_dict: in Python, "+
		"torch.save(torch.jit.load(file).state_dict(), other)")
}

// allZeroCRC recognises files written after torch.serialization.set_crc32_options(False).
func allZeroCRC(records []strictzip.Record) bool {
	payload := uint64(0)
	for _, r := range records {
		if r.CRC != 0 {
			return false
		}
		payload += r.Size
	}
	return payload > 0
}

// checkLayout demands one top folder.
func (a *archive) checkLayout(records []strictzip.Record) error {
	for _, r := range records {
		top, _, _ := strings.Cut(r.Name, "/")
		if a.top != "" && top+"/" != a.top {
			return weights.Refuse(r.Name, "lies outside the folder %s of the other records", weights.Quote(a.top))
		}
	}
	if a.top == "" {
		return weights.Refuse("zip", "there is no data.pkl in a top folder: this is not a file of torch.save")
	}
	return nil
}

// checkNumber demands that a record is a number from 1 to most.
func (a *archive) checkNumber(name string, most uint64) error {
	text, err := a.read(name)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(string(text), "\n"), 10, 64)
	if err != nil || n < 1 || n > most {
		return weights.Refuse(a.top+name, "has %s where a number from 1 to %d belongs", weights.Quote(string(text)), most)
	}
	return nil
}

// readByteOrder: files before torch 2.1 have no such record and are little-endian.
func (a *archive) readByteOrder() error {
	if a.records[a.top+"byteorder"] == nil {
		return nil
	}
	order, err := a.read("byteorder")
	if err != nil {
		return err
	}
	switch string(order) {
	case "little":
	case "big":
		a.bigEndian = true
		a.notices = append(a.notices, "the file is big-endian: every number was swapped")
	default:
		return weights.Refuse(a.top+"byteorder", "has %s where little or big belongs", weights.Quote(string(order)))
	}
	return nil
}

// read returns the payload of a record of the top folder after checking its CRC.
func (a *archive) read(name string) ([]byte, error) {
	r := a.records[a.top+name]
	if r == nil {
		return nil, weights.Refuse(a.top+name, "the record is missing")
	}
	if a.noCRC {
		return r.Payload, nil
	}
	if crc := crc32.ChecksumIEEE(r.Payload); crc != r.CRC {
		return nil, weights.Refuse(r.Name, "its bytes have CRC %08x, the zip says %08x: the file is damaged", crc, r.CRC)
	}
	return r.Payload, nil
}

func (a *archive) load(s *storage) error {
	data, err := a.read("data/" + s.key)
	if err != nil {
		return err
	}
	if err := s.load(data, a.bigEndian); err != nil {
		return weights.Refuse(a.top+"data/"+s.key, "%v", err)
	}
	return nil
}
