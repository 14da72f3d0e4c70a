#!/bin/bash
# A program in a module of its own uses cgan by the commands of docs/embedding.md, and draws what cgan generate draws.
set -euo pipefail
cgan=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset GOWORK GOFLAGS
mkdir "$dir/program" && cd "$dir/program"
go mod init example.org/program 2>/dev/null
cat > main.go <<'GO'
package main

import (
	"log"

	"cgan/models"
	"cgan/models/picture"
)

func main() {
	w, err := models.Digits()
	if err != nil {
		log.Fatal(err)
	}
	g, err := w.LoadGenerator()
	if err != nil {
		log.Fatal(err)
	}
	defer g.Free()
	images, err := g.Draw(w.Config, 1, []int64{3, 1, 4}, 7)
	if err == nil {
		err = picture.Save("three.png", true, images.Grid(3))
	}
	if err != nil {
		log.Fatal(err)
	}
}
GO
make -s -C "$cgan" use IN="$PWD" # once
go run .
"$cgan/bin/cgan" generate --class 3,1,4 --seed 7 --out own.png > /dev/null
cmp three.png own.png
make -s -C "$cgan" use IN="$PWD" # again changes nothing
go build -o program . && ./program && cmp three.png own.png
echo 'a module of its own draws what cgan generate draws'
