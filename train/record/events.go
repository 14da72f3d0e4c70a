package record

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image/png"
	"io"
	"math"
	"os"
	"time"

	"cgan/train/runfolder"

	"google.golang.org/protobuf/encoding/protowire"
)

// events is the event file of a run. It only grows, so that TensorBoard can follow it, but for what a run that goes on
// makes again: no step is in it twice.
type events struct {
	path    string
	until   int // the step that the run goes on after
	opened  bool
	size    int64  // of the whole records in the file
	stats   int    // the last step whose statistics it has or will have
	grid    int    // likewise of the grids
	waiting []byte // records that are not in the file yet
}

// flushAt bounds the bytes of records that wait.
const flushAt = 1 << 20

// open finds the end of what the file holds and the run keeps, and cuts off the rest: steps that are made again, and a record
// that a killed run left half-written.
func (e *events) open() error {
	if e.opened {
		return nil
	}
	file, err := os.OpenFile(e.path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return eventsError(err)
	}
	defer file.Close()
	e.size, e.stats, e.grid = 0, 0, 0
	records := bufio.NewReaderSize(file, 1<<16)
	for {
		message, err := readRecord(records)
		if err != nil {
			break // the end, or what is no record
		}
		step, isGrid := stepOf(message)
		if step > e.until {
			break
		}
		if isGrid {
			e.grid = step
		} else {
			e.stats = step
		}
		e.size += int64(len(message) + framing)
	}
	if err := file.Truncate(e.size); err != nil {
		return eventsError(err)
	}
	e.opened = true
	if e.size == 0 {
		e.add(appendText(event(time.Now(), 0), 3, "brain.Event:2"))
	}
	return nil
}

func eventsError(err error) error { return fmt.Errorf("write TensorBoard's events: %w", err) }

// addStats adds the scalars of a step, unless the file has them.
func (e *events) addStats(s runfolder.Stats) {
	if s.Step <= e.stats {
		return
	}
	var summary []byte
	for _, v := range scalars(s) {
		value := appendText(nil, 1, v.tag)
		value = protowire.AppendTag(value, 2, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(float32(v.value)))
		summary = appendBytes(summary, 1, value)
	}
	e.add(appendBytes(event(s.Time, s.Step), 5, summary))
	e.stats = s.Step
}

// scalar is a value under TensorBoard's name for it.
type scalar struct {
	tag   string
	value float64
}

func scalars(s runfolder.Stats) []scalar {
	all := []scalar{{"loss_d", s.LossD}, {"loss_g", s.LossG}, {"d_x", s.DReal}, {"d_g_z", s.DFake}, {"images_per_s", s.ImagesPS}}
	if e := s.Eval; e != nil {
		all = append(all, []scalar{
			{"eval/frechet", e.Frechet}, {"eval/frechet_floor", e.Floor}, {"eval/precision", e.Precision},
			{"eval/recall", e.Recall}, {"eval/density", e.Density}, {"eval/coverage", e.Coverage}, {"eval/diversity", e.Diversity},
		}...)
		if e.Consistency != nil {
			all = append(all, scalar{"eval/consistency", *e.Consistency})
		}
	}
	return all
}

// addGrids adds the grids that the file lacks, and writes all that waits.
func (e *events) addGrids(grids []grid) error {
	for _, g := range grids {
		if err := e.addGrid(g); err != nil {
			return err
		}
	}
	return e.flush()
}

// addGrid adds the picture of a grid.
func (e *events) addGrid(g grid) error {
	if g.step <= e.grid {
		return nil
	}
	text, err := os.ReadFile(g.path)
	if err != nil {
		return eventsError(err)
	}
	size, err := png.DecodeConfig(bytes.NewReader(text))
	if err != nil {
		return eventsError(fmt.Errorf("%s: %w", g.path, err))
	}
	info, err := os.Stat(g.path)
	if err != nil {
		return eventsError(err)
	}
	image := appendNumber(nil, 1, size.Height)
	image = appendNumber(image, 2, size.Width)
	image = appendNumber(image, 3, 3) // RGB; the PNG says what it is
	image = appendBytes(image, 4, text)
	value := appendBytes(appendText(nil, 1, "samples"), 4, image)
	e.add(appendBytes(event(info.ModTime(), g.step), 5, appendBytes(nil, 1, value)))
	e.grid = g.step
	return nil
}

// event is a message of tensorflow.Event with its time and step.
func event(at time.Time, step int) []byte {
	message := protowire.AppendTag(nil, 1, protowire.Fixed64Type)
	message = protowire.AppendFixed64(message, math.Float64bits(float64(at.UnixNano())/1e9))
	if step == 0 {
		return message
	}
	return appendNumber(message, 2, step)
}

func appendNumber(to []byte, field protowire.Number, v int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, field, protowire.VarintType), uint64(v))
}

func appendBytes(to []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), v)
}

func appendText(to []byte, field protowire.Number, v string) []byte {
	return appendBytes(to, field, []byte(v))
}

// stepOf reads an event's step, and whether it has a picture.
func stepOf(message []byte) (step int, isGrid bool) {
	each(message, func(field protowire.Number, n uint64, data []byte) {
		switch field {
		case 2:
			step = int(n)
		case 5:
			each(data, func(_ protowire.Number, _ uint64, value []byte) {
				each(value, func(field protowire.Number, _ uint64, _ []byte) { isGrid = isGrid || field == 4 })
			})
		}
	})
	return step, isGrid
}

// each hands on the fields of a message: numbers, and texts or messages.
func each(message []byte, f func(field protowire.Number, n uint64, data []byte)) {
	for len(message) > 0 {
		field, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return
		}
		message = message[size:]
		var n uint64
		var data []byte
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			data, size = protowire.ConsumeBytes(message)
		default:
			size = protowire.ConsumeFieldValue(field, kind, message)
		}
		if size < 0 {
			return
		}
		message = message[size:]
		f(field, n, data)
	}
}

// framing is what a record has around its message: its length in 8 bytes, the checksum of those, and that of the message.
const framing = 8 + 4 + 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of TFRecord files: a CRC of data that may hold CRCs is turned and shifted.
func checksum(data []byte) uint32 {
	crc := crc32.Checksum(data, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// add frames a message. Much that waits is written at once; where that fails, flush tries it again.
func (e *events) add(message []byte) {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(message)))
	e.waiting = append(e.waiting, length...)
	e.waiting = binary.LittleEndian.AppendUint32(e.waiting, checksum(length))
	e.waiting = append(e.waiting, message...)
	e.waiting = binary.LittleEndian.AppendUint32(e.waiting, checksum(message))
	if len(e.waiting) > flushAt {
		_ = e.flush()
	}
}

// readRecord gives the message of the next record.
func readRecord(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(12)
	if err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(head)
	if checksum(head[:8]) != binary.LittleEndian.Uint32(head[8:]) || length > maxMessage {
		return nil, errors.New("it is no record")
	}
	record := make([]byte, length+framing)
	if _, err := io.ReadFull(r, record); err != nil {
		return nil, err
	}
	message, sum := record[12:12+length], record[12+length:]
	if checksum(message) != binary.LittleEndian.Uint32(sum) {
		return nil, errors.New("its checksum is wrong")
	}
	return message, nil
}

// maxMessage is far beyond the largest grid.
const maxMessage = 1 << 30

// flush writes the records that wait. Where that fails, the next time writes over the part that was written.
func (e *events) flush() error {
	file, err := os.OpenFile(e.path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return eventsError(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.Size() < e.size {
		return eventsError(fmt.Errorf("%s is shorter than it was: another program has changed it", e.path))
	}
	if _, err := file.WriteAt(e.waiting, e.size); err != nil {
		return eventsError(err)
	}
	e.size += int64(len(e.waiting))
	e.waiting = e.waiting[:0]
	return nil
}
