package weights

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

func BenchmarkNonFinite(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	var data []byte
	for range 2_200_000 { // the article's generator
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(random.NormFloat64())))
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		F32.HasNonFinite(data)
	}
}
