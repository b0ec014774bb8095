#!/usr/bin/env bash
# Make sure of what pip cannot install: a rustc with the standard library for WebAssembly, a browser for the tests, and
# tesseract for the tutorial that reads a picture.
#
#   tools/setup-system.sh rust browser tesseract     any of these words
#
# As root on Debian, or a system made from it, missing packages are installed. Elsewhere this says what to install, and
# succeeds, because what needs them is skipped then; with CI=true it fails, because there nothing may be skipped.
set -euo pipefail

# A Rust cell takes the first rustc that has a library for WASI: RUSTC, all of PATH's (rustup's may hide the system's).
# One that declares crates needs the cargo beside it.
have_rust() {
  local rustc target folder
  while IFS= read -r rustc; do
    [ -x "$rustc" ] || continue
    for target in wasm32-wasip1 wasm32-wasi; do
      folder=$("$rustc" --print target-libdir --target "$target" 2>/dev/null) || continue
      if compgen -G "$folder/libstd-*.rlib" >/dev/null; then
        [ -x "${rustc%/*}/cargo" ]
        return
      fi
    done
  done < <(printf '%s\n' "${RUSTC:-}"; type -ap rustc; printf '%s\n' "$HOME/.cargo/bin/rustc")
  return 1
}

have_browser() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    # Ubuntu's chromium-browser is a script that only points to a snap.
    if command -v "$name" >/dev/null && "$name" --version >/dev/null 2>&1; then
      return 0
    fi
  done
  return 1
}

have_tesseract() {
  # Without data for a language it reads nothing.
  command -v tesseract >/dev/null && tesseract --list-langs 2>/dev/null | grep -qx eng
}

packages_rust=(rustc cargo libstd-rust-dev-wasm32 lld)
packages_browser=(chromium)
packages_tesseract=(tesseract-ocr)

say_rust='A Rust cell needs rustc with its standard library for WASI, and cargo for crates. Install one of these:
    rustup target add wasm32-wasip1                        (rustup)
    apt install rustc cargo libstd-rust-dev-wasm32 lld     (Debian, Ubuntu)
    conda install anaconda::rust anaconda::rust-std-wasm32-wasip1   (conda)'
say_browser='The browser tests need Chromium. Install one of these:
    apt install chromium                                   (Debian)
    Chromium or Google Chrome as your system has it'

say_tesseract='The OCR tutorial needs tesseract. Install it:
    apt install tesseract-ocr                              (Debian, Ubuntu)
    brew install tesseract                                 (macOS)'

is_root_on_debian() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && grep -qsE '^(ID|ID_LIKE)=.*debian' /etc/os-release
}

missing=()
for need in "$@"; do
  case $need in
    rust | browser | tesseract) "have_$need" || missing+=("$need") ;;
    *) echo "usage: ${0##*/} [rust] [browser] [tesseract]" >&2 && exit 2 ;;
  esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

if is_root_on_debian; then
  packages=()
  for need in "${missing[@]}"; do
    names="packages_$need[@]"
    packages+=("${!names}")
  done
  echo "==> apt-get install ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # A failure is not the end: the check below says what is missing.
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null || true
fi

failed=0
for need in "${missing[@]}"; do
  if ! "have_$need"; then
    says="say_$need"
    printf '\n*** %s\n\n' "${!says}" >&2
    failed=1
  fi
done
if [ "$failed" = 1 ] && [ "${CI:-}" = true ]; then
  echo 'CI may skip nothing, so this is an error.' >&2
  exit 1
fi
