#!/bin/sh
# Makes digits.safetensors, a small generator of ten classes that draws noise. Run it in the checkout.
set -e
runs=$(mktemp -d)
bin/cgan train --quiet --device cpu --steps 2 --batch 16 --nz 5 --ngf 4 --ndf 4 --out "$runs"
bin/cgan export "$runs"/00000-* --force --out models/serve/testdata/digits.safetensors
rm -r "$runs"
