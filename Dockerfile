# The image of cgan: the program, the libraries of libtorch that it loads, and nothing to build with.
#   docker build -t cgan .                    for CPUs
#   docker build -t cgan --target cuda .      for NVIDIA GPUs, too
ARG BASE=debian:trixie-slim

FROM ${BASE} AS sources
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates g++ git golang-go make python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ENV GOTOOLCHAIN=auto XDG_CACHE_HOME=/cache

FROM sources AS built
RUN make build && mkdir -p /opt/cgan/bin && cp bin/cgan /opt/cgan/bin/ \
    && cmd/release/libraries.sh "$(sed -n 's/^\tLibDir = "\(.*\)"$/\1/p' bindings/libtorch/prepared.go)" /opt/cgan/lib

# The wheels are those of CPython 3.11, whose sums stand in the file; no Python loads them here.
FROM sources AS built-cuda
RUN pip install --no-cache-dir --no-deps --target /wheels --python-version 3.11 --only-binary :all: --require-hashes \
    -r cmd/compare/requirements-2.15.0.txt
RUN LIBTORCH=/wheels/torch make build && mkdir -p /opt/cgan/bin && cp bin/cgan /opt/cgan/bin/ \
    && cmd/release/libraries.sh /wheels/torch/lib /opt/cgan/lib && rm /opt/cgan/lib/libtorch_python.so \
    && cd /wheels && find nvidia -path '*/lib/*.so*' ! -path '*/lib/*/*' -exec cp --parents -a {} /opt \;

FROM ${BASE} AS runtime
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libstdc++6 && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 cgan && install -d -o cgan -g cgan /data
USER cgan
WORKDIR /data
ENTRYPOINT ["/opt/cgan/bin/cgan"]

# libtorch's libraries look for NVIDIA's in /opt/nvidia, beside the folder above theirs.
FROM runtime AS cuda
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=built-cuda /opt /opt

FROM runtime
COPY --from=built /opt/cgan /opt/cgan
