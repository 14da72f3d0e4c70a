package evaluate

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/judge"
)

// BenchmarkDrawing, BenchmarkJudging and BenchmarkComparing are the parts of an evaluation, for 1,000 images of the article's network, and
// for 10,000 compared with as many.
func BenchmarkDrawing(b *testing.B) {
	for _, precision := range []models.Precision{models.F32, models.BF16} {
		b.Run(string(precision), func(b *testing.B) {
			d := undrawn(b, models.Compute{Precision: precision})
			for b.Loop() {
				for start := 0; start < 1000; start += judgeBatch {
					if _, err := d.images(firstNumbers(1000)[start : start+judgeBatch]); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// undrawn is 1,000 images that are not drawn yet.
func undrawn(b testing.TB, how models.Compute) *Drawn {
	b.Helper()
	c := models.Default()
	var g *models.Net
	err := torch.Do("make a generator", func() error {
		torch.ManualSeed(1)
		g = c.NewGenerator()
		g.Eval()
		return nil
	})
	if err == nil {
		err = g.Use(how)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(g.Free)
	noise, err := g.NoiseRows(c, 1000, 1)
	if err != nil {
		b.Fatal(err)
	}
	return &Drawn{&judged{asked: make([]int, 1000)}, g, c, noise}
}

func BenchmarkJudging(b *testing.B) {
	for _, how := range []models.Compute{{}, {Precision: models.BF16}, {Exact: true}} {
		b.Run(fmt.Sprintf("%+v", how), func(b *testing.B) {
			var j *judge.Judge
			err := torch.Do("judge", func() error {
				j = judge.New(1, 10)
				j.Eval()
				j.SetFast(how.Fast())
				image := torch.Rand([]int64{judgeBatch, 1, 28, 28}, torch.CPU)
				for b.Loop() {
					for range 1000 / judgeBatch {
						torch.Scope(func() { new(judged).add(j, image) })
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			j.Free()
		})
	}
}

func BenchmarkComparing(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	make := func() *judged {
		v := &judged{}
		for i := range 10_000 {
			for range judge.Features {
				v.features = append(v.features, random.Float64())
			}
			v.read, v.asked = append(v.read, i%10), append(v.asked, i%10)
		}
		return v
	}
	r := &Reference{real: make(), other: make(), heldOut: make()}
	if err := r.measure(); err != nil {
		b.Fatal(err)
	}
	d := &Drawn{judged: make(), config: models.Config{Classes: 10}}
	for b.Loop() {
		if _, err := r.Figures(d); err != nil {
			b.Fatal(err)
		}
	}
}
