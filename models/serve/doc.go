// Package serve is a generator as a page and as an API over HTTP: an http.Handler for any program.
//
//	h, err := serve.NewHandler(serve.Default(), serve.Model{Name: "digits", Weights: w})
//
// A request becomes a list of images (query.go, posted.go, drawing.go), which waits in a queue of bounded length (batch.go) until they are drawn,
// together with those of other requests, and is written as PNG, JSON, .npz, zip or GIF (answer.go). What Net.Draw gives for the same
// weights, classes and seed is what is answered, to the byte, whatever is drawn together: requests are joined only where the
// arithmetic of an image does not depend on its batch, and that is the article's networks on kernels of cgan's own
// (TestAnImageDoesNotDependOnItsBatch); other networks draw each request by itself.
//
// guard.go says who may ask: Host, Origin and token. Errors are application/problem+json (problem.go). openapi.json describes all of it.
package serve
