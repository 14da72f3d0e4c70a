# make build    sets up libtorch and builds bin/cgan; make libtorch the first alone
# make train    the same, gets MNIST and trains
# make test     sets up the same way and passes every test
# make parity   the same bits as the Python original
# make accuracy fast f32 and bf16 learn to draw the asked digit as exact does, over three seeds
# make quality  the presets: figures of several seeds, beside the goals; writes QUALITY.md
# make sooner   seconds to 98 % of digits as asked, the preset quick beside the original; writes its section of QUALITY.md
# make modes    exact, f32 and bf16 of the article's recipe, EPOCHS and SEEDS of each, by a paired test; writes its section of QUALITY.md
# make ablation what helps the preset quick, one thing at a time, SEEDS of each; writes its section of QUALITY.md
# make balance  a class that was cut to 5 %, filled up by cgan generate: a classifier's accuracy before and after, three seeds
# make exchange weights files to and from torch 2.15.0, torch 2.1.0 and onnxruntime; TensorBoard reads a run; figures of eval are SciPy's
# make eval-speed how fast images are drawn and judged beside Python
# make fuzz     each reader of files for FUZZTIME
# make bench    the speed beside the Python original, into BENCHMARKS.md; BENCH=--quick for a first look
# make arm64    the kernels for 64-bit Arm, in qemu
# make test-arm64 the tests of the packages for 64-bit Arm, in qemu; as root; PACKAGES=./bindings/nn
# make bench-ranks what several processes and hosts cost, into its section of BENCHMARKS.md; as root, for network namespaces
# make hosts-quality two hosts train MNIST as well as one process, three seeds; writes its section of QUALITY.md; as root
# make sanitize every kernel set, also emulated, under AddressSanitizer and UndefinedBehaviorSanitizer
# make race     the packages that need no libtorch under the race detector
# make portable the same packages for linux-arm64 and macOS, as far as the compiler
# make memory   resident memory over 2,000 steps with saves and samples, and with 100,000 images; MEMORY_STEPS=20000 for the long form
# make torture  a training that is killed 500 times and goes on each time is the training that was not
# make torture-ranks two processes of which one is killed or stopped KILLS times, and two hosts whose cable is cut CUTS times, end as those that were left alone
# make torchrun torchrun of Python starts cgan: again after kills, and on two hosts that find each other over a network
# make mutants  mistakes that a test must notice, one after the other
# make before   the speed beside an older build of cgan, OLD
# make gpu-kit  the folder gpu-kit: proofs and timings on CUDA, for a machine with cgan's torch but no Go and no network
# make survey   of how many files of weights in the folder FILES, with references beside them, cgan draws the same
# make serve-check cgan serve answers as its openapi.json says, by schemathesis
# make serve-bench requests a second and latencies beside FastAPI and onnxruntime, into its section of BENCHMARKS.md
# make serve-page its pages used in Chromium: every control, keyboard alone, 320 pixels, light and dark, axe-core
# make serve-stress nothing grows over SERVE_REQUESTS requests to the server
# make serve-race the server and its pages of runs under the race detector
# make serve-deploy the systemd unit and the Kubernetes manifest in cmd/cgan/deploy are what those take
# make sets     sets of images from packages: Fashion-MNIST, letters of fonts, emoji
# make use      a program of yours, IN=DIR with its go.mod, may import cgan: writes its go.work
# make embed    a program in a module of its own does so, and draws
# make docs     every command of docs/ is run, and the manual's site built into dist/site
# make release  the release of the last commit, dist/cgan-VERSION-linux-x86_64.tar.zst
# make release-arm64 that for aarch64, by a cross compiler
# make release-twice the release built twice has the same bytes
# make release-check the release draws, trains and serves in bare roots of Debian 12 and 13, unpacked and as .deb; as root; release-check-arm64 that for aarch64, in qemu
# make image    the container image of the Dockerfile, make image-cuda the one for GPUs, by buildah; make image-check and image-cuda-check try them; all as root
# make lint     gofmt, go vet, golangci-lint
# make graph    who imports whom, the picture in ARCHITECTURE.md
# make clean    removes what was built in the checkout; the cache and the runs stay

TORCH_VERSION ?= 2.15.0
EPOCHS ?= 2
SEEDS ?= 10
FUZZTIME ?= 30m
MEMORY_IMAGES ?= 100000
MEMORY_STEPS ?= 2000
SERVE_REQUESTS ?= 100000
KILLS ?= 50
CUTS ?= 20
PYTHON_WITH = GOWORK=off go run ./cmd/compare python
GOLANGCI = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# What go's commands need, whatever the shell, make's arguments or `go env -w` say, and nothing that brings other
# headers or libraries: go's own flags for cgo are written out, because an empty setting would be that of `go env -w` again.
override export GOWORK := $(CURDIR)/go.work
override export GO111MODULE := on
override export GOOS := $(shell go env GOHOSTOS)
override export GOARCH := $(shell go env GOHOSTARCH)
override export CGO_ENABLED := 1
override export CGO_CFLAGS := -O2 -g
override export CGO_CXXFLAGS := -O2 -g
override export CGO_LDFLAGS := -O2 -g
override export GOFLAGS := -mod=readonly -buildvcs=$(shell git -C '$(CURDIR)' status --short >/dev/null 2>&1 && echo auto || echo false)
unexport CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH LIBRARY_PATH LD_LIBRARY_PATH CGO_CPPFLAGS

.PHONY: build libtorch train test parity accuracy quality sooner modes ablation balance exchange fuzz bench memory sanitize arm64 test-arm64 race portable graph torture torture-ranks mutants before gpu-kit sets use embed docs release release-arm64 release-twice release-check release-check-arm64 image image-cuda image-check image-cuda-check survey serve-check serve-bench serve-page serve-stress serve-race serve-deploy eval-speed bench-ranks hosts-quality torchrun lint clean

build: libtorch
	@test -e bin/cgan || echo 'compiling: 2 minutes the first time'
	@go build $(BUILD) -o bin/cgan ./cmd/cgan

libtorch:
	@GOWORK=off go run ./cmd/libtorch --version $(TORCH_VERSION)

train: build
	bin/cgan train --epochs $(EPOCHS)

test: build
	go vet ./...
	go test ./...

parity: build
	@GOWORK=off go run ./cmd/compare parity

accuracy: build
	@GOWORK=off go run ./cmd/compare accuracy --epochs $(EPOCHS)

quality: build
	@GOWORK=off go run ./cmd/compare quality $(QUALITY)

sooner: build
	@GOWORK=off go run ./cmd/compare sooner $(QUALITY)

modes: build
	@GOWORK=off go run ./cmd/compare variants --of modes --epochs $(EPOCHS) --seeds $(SEEDS)

ablation: build
	@GOWORK=off go run ./cmd/compare variants --of ablation --seeds $(SEEDS)

balance: build
	@GOWORK=off go run ./cmd/compare balance

exchange: libtorch
	export CGAN_PYTHON_215=$$($(PYTHON_WITH) 2.15.0) CGAN_PYTHON_210=$$($(PYTHON_WITH) 2.1.0) CGAN_PYTHON_ONNX=$$($(PYTHON_WITH) onnx) \
	CGAN_PYTHON_TENSORBOARD=$$($(PYTHON_WITH) tensorboard) CGAN_PYTHON_EVALUATE=$$($(PYTHON_WITH) evaluate) && \
	CGAN_CPP=1 go test -count=1 ./weights/... ./models/... ./bindings/torch ./bindings/nn ./train/record ./train/evaluate

fuzz:
	for target in weights/pt:FuzzRead weights/pt:FuzzPickle weights/safetensors:FuzzRead train/dataset:FuzzIDX train/dataset:FuzzCSV models/arch:FuzzRead; do \
		go test -run '^$$' -fuzz "^$${target#*:}$$" -fuzztime $(FUZZTIME) ./$${target%:*} || exit 1; \
	done

bench: build
	@GOWORK=off go run ./cmd/compare bench $(BENCH)

eval-speed: build
	@GOWORK=off go run ./cmd/compare evaluation

bench-ranks: build
	@GOWORK=off go run ./cmd/compare ranks $(BENCH)

hosts-quality: build
	@GOWORK=off go run ./cmd/compare hosts-quality

before: build
	@GOWORK=off go run ./cmd/compare before $(OLD)

mutants: build
	@CGAN_EMULATE=all go run ./cmd/compare mutants

torture: build
	CGAN_TORTURE=500 go test -count=1 -v -timeout 60m -run TestTorture ./cmd/cgan

torture-ranks: build
	CGAN_RANK_KILLS=$(KILLS) CGAN_RANK_CUTS=$(CUTS) go test -count=1 -v -timeout 60m -run 'TestALostRank|TestACutNetwork' ./cmd/cgan

torchrun: build
	CGAN_PYTHON_215=$$($(PYTHON_WITH) 2.15.0) go test -count=1 -v -run TestTorchrun ./cmd/cgan

memory: build
	CGAN_MEMORY_STEPS=$(MEMORY_STEPS) go test -count=1 -v -timeout 60m -run TestMemoryStaysFlat ./train
	CGAN_MEMORY_IMAGES=$(MEMORY_IMAGES) go test -count=1 -v -timeout 60m -run TestManyImages ./cmd/cgan

# The judge is trained by PYTHON, or python3, which needs a torch: the one that cgan was built against.
gpu-kit: build
	rm -rf gpu-kit
	mkdir -p gpu-kit/bin gpu-kit/tests gpu-kit/train gpu-kit/models gpu-kit/cmd/compare gpu-kit/cache/cgan
	go build -ldflags '-s -w' -o gpu-kit/bin/cgan ./cmd/cgan
	GOWORK=off CGO_ENABLED=0 go build -ldflags '-s -w' -o gpu-kit/bin/compare ./cmd/compare
	for room in bindings/torch bindings/optim models train; do go test -c -ldflags '-s -w' -o gpu-kit/tests/$$(basename $$room).test ./$$room || exit 1; done
	cp train/train.py gpu-kit/train/
	cp models/cgan.py gpu-kit/models/
	cp -r cmd/compare/accuracy.py cmd/compare/networks gpu-kit/cmd/compare/
	cp -r "$$(bin/cgan doctor --json | sed -n 's/^ *"mnist": "\(.*\)",*$$/\1/p')" gpu-kit/cache/cgan/mnist
	$${PYTHON:-python3} cmd/compare/accuracy.py train --threads 2 --data gpu-kit/cache/cgan/mnist gpu-kit/judge.pt
	cd gpu-kit && tar -c * | xz -T0 > ../kit.tar.xz && rm -rf * && mv ../kit.tar.xz .
	cp cmd/compare/gpu-kit.sh gpu-kit/run.sh
	du -sh gpu-kit
	@test $$(du -sm gpu-kit | cut -f1) -le 60 || { echo 'gpu-kit has over 60 MB' >&2; exit 1; }

lint: libtorch
	@test -z "$$(gofmt -l bindings models train cmd weights docs)" || { gofmt -l bindings models train cmd weights docs; exit 1; }
	go run $(GOLANGCI) run ./...

clean:
	rm -rf bin dist gpu-kit .libtorch go.work go.work.sum compile_commands.json bindings/*/prepared.go

docs: build
	@GOWORK=off go run ./cmd/compare docs

use: build
	@test -f '$(IN)/go.mod' || { echo 'make use IN=DIR: DIR is the folder of your go.mod' >&2; exit 2; }
	@cd '$(IN)' && unset GOWORK GOFLAGS && { test -f go.work || go work init; } && go work use . '$(CURDIR)' && \
	go work edit -replace=github.com/sugarme/gotch='$(CURDIR)/.libtorch/gotch'

embed: build
	cmd/compare/embed.sh

release: libtorch
	cmd/release/build.sh

release-arm64: libtorch
	cmd/release/build.sh aarch64

# The second build has no cache of compiled packages. Both are of HEAD, which must not move meanwhile.
release-twice: release
	head=$$(git rev-parse HEAD) && cp dist/SHA256SUMS dist/first && cache=$$(mktemp -d) && trap "rm -rf $$cache" EXIT && GOCACHE=$$cache cmd/release/build.sh && \
	test $$head = $$(git rev-parse HEAD) && cmp dist/first dist/SHA256SUMS && echo 'the same bytes'

release-check:
	cmd/release/check.sh

release-check-arm64:
	cmd/release/check.sh aarch64

image:
	cmd/release/image.sh build

image-cuda:
	cmd/release/image.sh build cuda

image-check:
	cmd/release/image.sh check

image-cuda-check:
	cmd/release/image.sh check cuda

test-arm64:
	cmd/release/test-arm64.sh $(PACKAGES)

arm64:
	CGAN_CROSS=arm64 go test -count=1 ./bindings/kernels -run TestEveryKernelIsPlainSums

# What needs no libtorch needs no go.work, which make libtorch writes.
sanitize arm64 race portable fuzz sets: override GOWORK := off

serve-check: build
	@GOWORK=off go run ./cmd/compare serve-check

serve-bench: build
	@GOWORK=off go run ./cmd/compare serve-bench $(BENCH)

serve-page: build
	@GOWORK=off go run ./cmd/compare serve-page

serve-stress: libtorch
	CGAN_SERVE_REQUESTS=$(SERVE_REQUESTS) go test -count=1 -v -timeout 60m -run TestNothingGrows ./models/serve

serve-race: build
	go test -race -count=1 ./models/serve ./cmd/cgan/internal/runs

serve-deploy: build
	unit=$$(mktemp -d)/cgan.service && sed 's,/opt/cgan/bin/cgan,$(CURDIR)/bin/cgan,' cmd/cgan/deploy/cgan.service > $$unit && \
	systemd-analyze verify $$unit && systemd-analyze security --offline=true --threshold=20 $$unit | tail -1
	$$(dirname $$($(PYTHON_WITH) kubernetes))/kubernetes-validate --strict cmd/cgan/deploy/kubernetes.yaml

sanitize:
	CGAN_EMULATE=all CGAN_SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined' go test -count=1 ./bindings/kernels

sets:
	cmd/compare/sets.sh

survey: build
	@GOWORK=off go run ./cmd/compare survey $(FILES)

PURE = ./weights/... ./train/dataset ./train/runfolder ./train/record ./models/picture ./models/imageset ./models/arch

race:
	go test -race $(PURE)

portable:
	for system in linux/arm64 darwin/arm64; do \
		CGO_ENABLED=0 GOOS=$${system%/*} GOARCH=$${system#*/} go vet $(PURE) ./cmd/libtorch ./cmd/compare || exit 1; \
	done

# The picture in ARCHITECTURE.md: the packages and what they import of each other.
graph:
	@echo 'graph TD'; go list -f '{{$$p := .ImportPath}}{{range .Imports}}{{$$p}} {{.}}{{"\n"}}{{end}}' ./... | \
	awk '$$2 ~ /^cgan\// && $$1 !~ /testsupport|torchtest|disktest|noiseset|weightstest|ziptest/ { sub("cgan/", "", $$1); sub("cgan/", "", $$2); print "    " $$1 " --> " $$2 }' | sort -u
