// Command onnxserver is the exported ONNX file behind net/http, as one writes such a service with onnxruntime: compare serve-bench
// asks it for images. It is a module of its own, so that cgan does not depend on onnxruntime.
//
//	onnxserver LIBONNXRUNTIME GENERATOR.onnx PORT THREADS
//
// Requests are run at once on one session, which onnxruntime allows; THREADS are those of one run.
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"

	ort "github.com/yalue/onnxruntime_go"
)

const noiseSize, side = 100, 28

func main() {
	if err := serve(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		log.Fatal(err)
	}
}

func serve(library, model, port, threads string) error {
	session, err := open(library, model, threads)
	if err != nil {
		return err
	}
	http.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/image", func(w http.ResponseWriter, r *http.Request) {
		label, err := strconv.ParseInt(r.FormValue("label"), 10, 64)
		if err != nil || label < 0 || label > 9 {
			http.Error(w, "label is wrong", http.StatusBadRequest)
			return
		}
		seed, err := strconv.ParseUint(r.FormValue("seed"), 10, 64)
		if err != nil {
			http.Error(w, "seed is wrong", http.StatusBadRequest)
			return
		}
		content, err := draw(session, label, seed)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(content)
	})
	fmt.Printf("http://127.0.0.1:%s\n", port)
	return http.ListenAndServe("127.0.0.1:"+port, nil)
}

func open(library, model, threads string) (*ort.DynamicAdvancedSession, error) {
	ort.SetSharedLibraryPath(library)
	if err := ort.InitializeEnvironment(); err != nil {
		return nil, err
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(threads)
	if err == nil {
		err = options.SetIntraOpNumThreads(n)
	}
	if err != nil {
		return nil, err
	}
	return ort.NewDynamicAdvancedSession(model, []string{"noise", "label"}, []string{"image"}, options)
}

// draw is the PNG of one image.
func draw(session *ort.DynamicAdvancedSession, label int64, seed uint64) ([]byte, error) {
	random := rand.New(rand.NewPCG(seed, 0))
	values := make([]float32, noiseSize)
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}
	noise, err := ort.NewTensor(ort.NewShape(1, noiseSize, 1, 1), values)
	if err != nil {
		return nil, err
	}
	defer noise.Destroy()
	class, err := ort.NewTensor(ort.NewShape(1), []int64{label})
	if err != nil {
		return nil, err
	}
	defer class.Destroy()
	drawn, err := ort.NewEmptyTensor[float32](ort.NewShape(1, 1, side, side))
	if err != nil {
		return nil, err
	}
	defer drawn.Destroy()
	if err := session.Run([]ort.Value{noise, class}, []ort.Value{drawn}); err != nil {
		return nil, err
	}
	gray := image.NewGray(image.Rect(0, 0, side, side))
	for i, v := range drawn.GetData() {
		gray.Pix[i] = byte(min(max((v+1)*127.5, 0), 255))
	}
	var out bytes.Buffer
	err = png.Encode(&out, gray)
	return out.Bytes(), err
}
