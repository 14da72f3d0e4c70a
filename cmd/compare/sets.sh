#!/usr/bin/env bash
# Gets sets of labelled images from the packages that carry them: Fashion-MNIST into the user's cache, where `--data
# fashion-mnist` finds it, and into the folder sets the letters A to Z of some hundred fonts and the emoji by category.
# It needs apt-get and dpkg of Debian, npm, and Go; nothing is installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cgan
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
download() { apt-get download -qq -o APT::Sandbox::User=root "$@"; } # another user may not write here
cd "$work"

echo 'Fashion-MNIST'
download dataset-fashion-mnist
dpkg -x dataset-fashion-mnist_*.deb fashion
mkdir -p "$cache/fashion-mnist"
cp fashion/usr/share/datasets/fashion-mnist/*.gz "$cache/fashion-mnist/"

echo 'letters'
fonts='adf-accanthis adf-baskervald adf-berenis adf-gillius adf-ikarius adf-irianis adf-libris adf-mekanus adf-oldania
	adf-romande adf-solothurn adf-switzera adf-tribun adf-universalis adf-verana averia-gwf averia-sans-gwf averia-serif-gwf
	cabin cantarell century-catalogue comfortaa courier-prime croscore crosextra-caladea crosextra-carlito dejavu-core dejavu-extra
	ebgaramond essays1743 firacode freefont-ttf gfs-artemisia gfs-didot go goudybookletter hack inconsolata inter jetbrains-mono
	jura karla lato league-spartan liberation linuxlibertine lobster lobstertwo mononoki noto-core noto-mono ocr-b okolaks open-sans
	play prociono quicksand roboto-slab roboto-unhinted sil-andika sil-charis sil-gentium-basic stix texgyre tuffy urw-base35
	vollkorn yanone-kaffeesatz'
mkdir packages fonts
# shellcheck disable=SC2046 # one argument a font
(cd packages && download $(printf 'fonts-%s ' $fonts))
for package in packages/*.deb; do dpkg -x "$package" fonts; done
(cd "$root" && go run ./cmd/compare letters "$work/fonts" sets/letters)

echo 'emoji'
npm pack --silent --ignore-scripts emoji-datasource-twitter >/dev/null
tar xzf emoji-datasource-twitter-*.tgz
(cd "$root" && go run ./cmd/compare emoji "$work/package" sets/emoji)
