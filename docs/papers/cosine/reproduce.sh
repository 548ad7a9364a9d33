#!/bin/sh
# the numbers of the paper, one by one, and the paper
set -e
temperance derive --dim 2 --gate cosine
temperance predict --dim 2 --gate cosine --true 3 --fitted 3 --truth truth.json
temperance predict --dim 2 --gate cosine --true 3 --fitted 4 --truth truth.json
temperance exponents --dim 2 --gate cosine --truth truth.json --bounds-only --split one --certificate orders-one.json
temperance exponents --dim 2 --gate cosine --truth truth.json --bounds-only --split all --certificate orders-all.json
temperance coefficient --dim 2 --gate cosine --gauge free --true 3 --fitted 4 --truth truth.json
temperance twins --dim 2 --gate cosine --truth truth.json
temperance check --dim 2 --gate cosine
temperance paper --dim 2 --gate cosine --true 3 --fitted 4 --truth truth.json -o again
