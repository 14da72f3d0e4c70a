package weights

import (
	"hash/crc32"
	"strconv"
	"strings"
)

// archive is the zip of a .pt file: records below one top folder.
type archive struct {
	top       string // with its slash
	records   map[string]*zipRecord
	bigEndian bool
	noCRC     bool // torch was told to write zeros
	notices   []string
}

// openArchive reads the directory and the small records that say how to read the others.
func openArchive(file []byte) (*archive, error) {
	records, err := parseZip(file)
	if err != nil {
		return nil, err
	}
	a := &archive{records: make(map[string]*zipRecord, len(records)), noCRC: allZeroCRC(records)}
	for i := range records {
		a.records[records[i].name] = &records[i]
		if isTop(records[i].name, "data.pkl") {
			a.top = strings.TrimSuffix(records[i].name, "data.pkl")
		}
	}
	if err := a.checkLayout(records); err != nil {
		return nil, err
	}
	if a.noCRC {
		a.notices = append(a.notices, "the file has no checksums (torch wrote CRC 0): damage to its numbers would go unnoticed")
	}
	if err := a.checkVersion(); err != nil {
		return nil, err
	}
	return a, a.readByteOrder()
}

// allZeroCRC recognises files written after torch.serialization.set_crc32_options(False).
func allZeroCRC(records []zipRecord) bool {
	payload := uint64(0)
	for _, r := range records {
		if r.crc != 0 {
			return false
		}
		payload += r.size
	}
	return payload > 0
}

// checkLayout demands one top folder.
func (a *archive) checkLayout(records []zipRecord) error {
	for _, r := range records {
		top, _, _ := strings.Cut(r.name, "/")
		if a.top != "" && top+"/" != a.top {
			return refuse(r.name, "lies outside the folder %s of the other records", quote(a.top))
		}
	}
	if a.top == "" {
		return refuse("zip", "there is no data.pkl in a top folder: this is not a file of torch.save")
	}
	return nil
}

func (a *archive) checkVersion() error {
	text, err := a.read("version")
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(string(text), "\n"), 10, 32)
	if err != nil || n < 1 || n > 10 {
		return refuse(a.top+"version", "has %s where a number from 1 to 10 belongs", quote(string(text)))
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
		return refuse(a.top+"byteorder", "has %s where little or big belongs", quote(string(order)))
	}
	return nil
}

// read returns the payload of a record of the top folder after checking its CRC.
func (a *archive) read(name string) ([]byte, error) {
	r := a.records[a.top+name]
	if r == nil {
		return nil, refuse(a.top+name, "the record is missing")
	}
	if a.noCRC {
		return r.payload, nil
	}
	if crc := crc32.ChecksumIEEE(r.payload); crc != r.crc {
		return nil, refuse(r.name, "its bytes have CRC %08x, the zip says %08x: the file is damaged", crc, r.crc)
	}
	return r.payload, nil
}

func (a *archive) load(s *storage) error {
	data, err := a.read("data/" + s.key)
	if err != nil {
		return err
	}
	if err := s.load(data, a.bigEndian); err != nil {
		return refuse(a.top+"data/"+s.key, "%v", err)
	}
	return nil
}
