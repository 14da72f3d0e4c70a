package serve_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"cgan/models"
	"cgan/models/serve"
)

// A program of its own answers with images beside its other pages.
func ExampleNewHandler() {
	w, err := models.Open("testdata/digits.safetensors", "") // or a run folder
	if err != nil {
		fmt.Println(err)
		return
	}
	h, err := serve.NewHandler(serve.Default(), serve.Model{Name: "digits", Weights: w})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()

	mux := http.NewServeMux()
	mux.Handle("/v1/", h)
	mux.HandleFunc("/hello", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") })
	server := httptest.NewServer(mux) // or http.ListenAndServe
	defer server.Close()

	answer, err := http.Get(server.URL + "/v1/models/digits/images?class=3&seed=7")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status, answer.Header.Get("Content-Type"))
	// Output: 200 OK image/png
}
