// Package serve is a generator as a page and as an API over HTTP: an http.Handler for any program.
//
//	h, err := serve.NewHandler(serve.Default(), serve.Model{Name: "digits", Weights: w})
//
// A request becomes a list of images (query.go, posted.go, drawing.go), which is let in while requests and memory are bounded (gate.go),
// waits until they are drawn, together with those of other requests (batch.go), and is written as PNG, JSON, .npz, zip or GIF (answer.go).
// What Net.Draw gives for the same weights, classes and seed is what is answered, to the byte, whatever is drawn together: requests are
// joined only where the arithmetic of an image does not depend on its batch, and that is the article's networks on kernels of cgan's own
// (TestAnImageDoesNotDependOnItsBatch); of other networks each image is drawn by itself, or, where images of a request depend on each
// other, as many as Draw draws at a time. Requests take turns, and one whose client has gone is not drawn on.
//
// guard.go says who may ask: Host, Origin and token. Errors are application/problem+json (problem.go). openapi.json describes all of it.
package serve
