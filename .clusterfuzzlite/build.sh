#!/usr/bin/env bash
# Builds every fuzz target, with its corpus, into $OUT: called by OSS-Fuzz and ClusterFuzzLite in the source folder with their
# $CC, $CXX, $CFLAGS, $CXXFLAGS. By hand:
#
#   CC=clang CXX=clang++ CFLAGS='-O1 -g -fsanitize=address,fuzzer-no-link' OUT=DIR .clusterfuzzlite/build.sh
set -eu
build=${WORK:-$OUT}/build
# The sanitizers are $CFLAGS', and the engine is libFuzzer, which -fsanitize=fuzzer links.
rm -rf "$build"
meson setup "$build" -Dfuzzing_engine=libfuzzer -Dtests=true -Db_lundef=false -Ddefault_library=static --buildtype=plain
targets=$(sed -n "s/^  '\(fuzz_[a-z]*\)': .*/\1/p" fuzz/meson.build)
for target in $targets; do
	ninja -C "$build" "fuzz/$target"
	cp "$build/fuzz/$target" "$OUT/"
	python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" fuzz/corpus/"$target"/*
done
# fuzz_profile looks for what a profile includes beside itself.
rm -rf "$OUT/profiles"
cp -R include/fixmap/profiles "$OUT/profiles"
