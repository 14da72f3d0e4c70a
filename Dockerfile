# The builder sets up libtorch by the same make target as a checkout; the runtime stage holds the program,
# the CPU libraries that it loads, and nothing to build with.
FROM debian:trixie AS builder
RUN apt-get update && apt-get install -y --no-install-recommends \
    ca-certificates g++ golang-go make python3 python3-pip && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ENV GOTOOLCHAIN=auto XDG_CACHE_HOME=/cache
RUN make build && mkdir /libtorch && cp -a /cache/cgan/libtorch/*/lib/. /libtorch/ \
    && strip --strip-unneeded /libtorch/libtorch_cpu.so /libtorch/libc10.so

FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libstdc++6 && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 cgan && install -d -o cgan -g cgan /data
COPY --from=builder /libtorch /opt/cgan/lib
COPY --from=builder /src/bin/cgan /opt/cgan/bin/cgan
USER cgan
WORKDIR /data
ENTRYPOINT ["/opt/cgan/bin/cgan"]
