#!/bin/sh
# the numbers of the paper, one by one, and the paper
set -e
temperance derive --gate linear
temperance predict --gate linear --true 2 --fitted 2 --truth truth.json
temperance predict --gate linear --true 2 --fitted 3 --truth truth.json
temperance exponents --gate linear --truth truth.json --bounds-only --split one --certificate orders-one.json
temperance exponents --gate linear --truth truth.json --bounds-only --split all --certificate orders-all.json
temperance coefficient --gate linear --gauge free --true 2 --fitted 3 --truth truth.json
temperance twins --gate linear --atoms 2
temperance efficiency --gate linear --parameter tau --truth truth.json
temperance rates --gate linear --true 2 --fitted 3 --truth truth.json
temperance paper --gate linear --true 2 --fitted 3 --truth truth.json -o again
