# make train    sets up libtorch, builds, gets MNIST and trains
# make test     sets up the same way and passes every test
# make parity   the same bits as the Python original
# make bench    the speed beside the Python original
# make memory   resident memory over 2,000 steps
# make lint     gofmt, go vet, golangci-lint

TORCH_VERSION ?= 2.15.0
EPOCHS ?= 2
GOLANGCI = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: build libtorch train test parity bench memory lint clean

build: libtorch
	@go build -o bin/cgan ./cmd/cgan

libtorch:
	@GOWORK=off go run ./cmd/libtorch --version $(TORCH_VERSION)

train: build
	bin/cgan train --epochs $(EPOCHS)

test: build
	go vet ./...
	go test ./...

parity: build
	@GOWORK=off go run ./cmd/compare parity

bench: build
	@GOWORK=off go run ./cmd/compare bench

memory: build
	CGAN_MEMORY_STEPS=2000 go test -count=1 -v -run TestMemoryStaysFlat ./train

lint: libtorch
	@test -z "$$(gofmt -l bindings models train cmd weights)" || { gofmt -l bindings models train cmd weights; exit 1; }
	go run $(GOLANGCI) run ./...

clean:
	rm -rf bin .libtorch go.work go.work.sum bindings/libtorch/prepared.go
