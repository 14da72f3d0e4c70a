# The image of an unpacked release, which is the folder that it is built from: make image.
ARG BASE=debian:trixie-slim
FROM ${BASE}
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libstdc++6 && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 cgan && install -d -o cgan -g cgan /data
COPY . /opt/cgan
USER cgan
WORKDIR /data
ENTRYPOINT ["/opt/cgan/bin/cgan"]
